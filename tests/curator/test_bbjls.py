"""bbj-ls as a judge, with a stand-in HTTP server on loopback that answers as the real one was recorded."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from curator.errors import MissingError
from curator.judge import bbjls
from curator.judge.compiler import Source, Status, Verdict, compare, judge, judge_async

CHECKED = "Checked against the local installation's PREFIX, classpath and config (BBj 26.03)."


class StandInBBjServices(ThreadingHTTPServer):
    """A stand-in, not a parser: a line holding "wrong" is a syntax error, "Frame" a class error, and so on."""

    daemon_threads = True
    mode = "structured"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.connections: set[Any] = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: 40 ms a request otherwise
    server: StandInBBjServices

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        self.server.connections.add(self.client_address)
        if self.headers.get("MCP-Protocol-Version") is None or self.headers.get("Mcp-Method") != body["method"]:
            self.reply(400, {"error": {"code": -32020, "message": "Mcp-Method header mismatch"}})
        elif body["method"] == "tools/list":
            name = "other_tool" if self.server.mode == "other server" else "bbj_check_syntax"
            self.reply(200, {"result": {"resultType": "complete", "tools": [{"name": name}]}})
        elif self.server.mode == "garbage":
            self.send(200, "text/html", "<html>not JSON")
        elif self.server.mode == "error":
            self.reply(400, {"error": {"code": -32020, "message": "unsupported protocol version"}})
        elif self.server.mode == "redirect":
            self.send_response(307)
            self.send_header("Location", "http://example.invalid/mcp")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.server.mode == "hangs":
            threading.Event().wait(2)
        else:
            self.reply(200, {"result": self.result(body["params"]["arguments"]["code"])})

    def result(self, code: str) -> dict[str, Any]:
        found = []
        for number, line in enumerate(code.split("\n"), 1):
            for word, category in (
                ("wrong", "SyntaxError"),
                ("Frame", "ClassError"),
                ("goto no", "UndefinedLabelError"),
            ):
                if word in line:
                    found.append(
                        {"line": number, "column": line.index(word) + 1, "category": category, "message": "near"}
                    )
        head = f"{len(found)} errors found. {CHECKED}" if found else f"No errors found. {CHECKED}"
        lines = [f"line {d['line']}, column {d['column']}: [{d['category']}] {d['message']}" for d in found]
        result: dict[str, Any] = {"content": [{"type": "text", "text": "\n".join([head, *lines])}], "isError": False}
        if self.server.mode == "tool error":
            return {"content": [{"type": "text", "text": "the parser is busy"}], "isError": True}
        if self.server.mode == "odd text":
            return {"content": [{"type": "text", "text": "hello"}], "isError": False}
        return result if self.server.mode == "text" else result | {"structuredContent": {"diagnostics": found}}

    def reply(self, status: int, answer: dict[str, Any]) -> None:
        text = json.dumps({"jsonrpc": "2.0", "id": 1} | answer)
        if self.server.mode == "stream":
            self.send(status, "text/event-stream", f"event: message\ndata: {text}\n\n")
        else:
            self.send(status, "application/json", text)

    def send(self, status: int, kind: str, text: str) -> None:
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInBBjServices]:
    server = StandInBBjServices()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setenv("BBJ_LS_PORT", str(server.server_address[1]))
    yield server
    server.shutdown()
    server.server_close()


def one(text: str) -> Verdict:
    (verdict,) = judge([Source("a.bbj", text)], "bbj-ls")
    return verdict


def test_no_diagnostics_mean_accepted_and_the_judge_says_its_version(stand_in: StandInBBjServices) -> None:
    assert one('print "ü"\n') == Verdict(Status.ACCEPTED, "bbj-ls 26.03")
    request = stand_in.requests[-1]
    assert request["path"] == "/mcp"
    assert request["headers"]["Mcp-Name"] == "bbj_check_syntax"
    assert request["body"]["params"]["arguments"] == {"code": 'print "ü"\n'}


@pytest.mark.parametrize("mode", ["structured", "text", "stream"])
def test_diagnostics_come_with_line_column_and_a_code_of_their_category(
    stand_in: StandInBBjServices, mode: str
) -> None:
    stand_in.mode = mode
    verdict = one("print 1\n  wrong\ngoto nowhere\nFrame\n")
    assert verdict.status is Status.REJECTED
    assert [(d.line, d.column, d.code) for d in verdict.diagnostics] == [(2, 3, "E801"), (3, 1, "E802"), (4, 1, "E803")]
    assert verdict.diagnostics[2].message == "bbj-ls: ClassError: near"
    assert verdict.diagnostics[0].path == "a.bbj"


@pytest.mark.parametrize("mode", ["garbage", "error", "redirect", "tool error", "odd text"])
def test_an_answer_that_is_none_is_no_verdict(stand_in: StandInBBjServices, mode: str) -> None:
    stand_in.mode = mode
    verdict = one("print 1")
    assert verdict.status is Status.NO_VERDICT
    assert verdict.why.startswith("odd answer")


def test_a_server_that_hangs_is_no_verdict(stand_in: StandInBBjServices) -> None:
    stand_in.mode = "hangs"
    (verdict,) = bbjls.verdicts([Source("a.bbj", "print 1")], timeout_s=0.2)
    assert (verdict.status, verdict.why) == (Status.NO_VERDICT, "timeout")


def test_many_sources_go_over_one_connection(stand_in: StandInBBjServices) -> None:
    verdicts = bbjls.verdicts([Source(f"{n}", "wrong" if n % 2 else "print 1") for n in range(20)])
    assert [v.status for v in verdicts] == [Status.ACCEPTED, Status.REJECTED] * 10
    assert len(stand_in.connections) == 1


def test_a_server_that_went_away_is_asked_once(stand_in: StandInBBjServices) -> None:
    stand_in.shutdown()
    stand_in.server_close()
    verdicts = bbjls.verdicts([Source("a", "x"), Source("b", "y")], timeout_s=1)
    assert [v.status for v in verdicts] == [Status.NO_VERDICT] * 2
    assert verdicts[1].why.startswith("cannot be reached")


def test_another_server_on_the_port_gets_no_code(stand_in: StandInBBjServices) -> None:
    stand_in.mode = "other server"
    with pytest.raises(MissingError, match="BBjServices"):
        judge([Source("a.bbj", "secret")], "bbj-ls")
    assert [r["body"]["method"] for r in stand_in.requests] == ["tools/list"]


def test_a_missing_server_stops_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BBJ_LS_PORT", "1")
    with pytest.raises(MissingError, match=r"127\.0\.0\.1:1"):
        judge([Source("a.bbj", "print 1")], "bbj-ls")


def test_auto_does_not_use_it_unasked(
    stand_in: StandInBBjServices, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BBJ_HOME", "BBJHOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("curator.judge.bbjcpl.USUAL_PLACES", ())
    (verdict,) = judge([Source("a.bbj", "print 1\n")])
    assert verdict.judge.startswith("built-in")
    assert stand_in.requests == []


async def test_it_answers_while_typing(stand_in: StandInBBjServices) -> None:
    assert (await judge_async(Source("a.bbj", "wrong\n"), "bbj-ls")).status is Status.REJECTED


def test_it_takes_part_in_a_comparison(stand_in: StandInBBjServices) -> None:
    (found,) = compare([Source("a.bbj", 'print "wrong"\n'), Source("b.bbj", "print 1\n")], ["builtin", "bbj-ls"])
    assert [v.status for v in found.verdicts] == [Status.ACCEPTED, Status.REJECTED]
