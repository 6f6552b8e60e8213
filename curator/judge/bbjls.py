"""The parser of a running BBjServices ("bbj-ls", BBj 26.03 and later) as a judge: 8 ms a program, which suits typing.

It is asked over the loopback interface only: code is never sent to another machine, and no proxy or redirect is
followed. It parses and does not resolve types, like bbjcpl without -t. It answers as an MCP server; one stateless
`tools/call` a program is all that is used of that protocol.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from json import JSONDecodeError, dumps, loads
from typing import Any

from curator.diagnostic import Diagnostic, Severity
from curator.judge.verdict import Source, Status, Verdict

NAME = "bbj-ls"
TIMEOUT_S = 12.0
FIND_TIMEOUT_S = 0.5  # on loopback a port answers or refuses at once
_HOST = "127.0.0.1"  # a constant on purpose: the hosted variant of this service gets no code from us
_PORT = 5009
_TOOL = "bbj_check_syntax"
_PROTOCOL = "2026-07-28"
_ANSWER_CAP = 4_000_000  # bytes


def port() -> int:
    """The port BBjServices listens on: 5009, or $BBJ_LS_PORT where the installation was told another one."""
    given = os.environ.get("BBJ_LS_PORT", "")
    return int(given) if given.isdecimal() else _PORT


def answers(timeout_s: float = FIND_TIMEOUT_S) -> bool:
    """True if a server with the syntax check listens; asked without sending any code."""
    client = _Client(timeout_s)
    try:
        tools = client.ask("tools/list", {}).get("tools")
    except _NoAnswerError:
        return False
    finally:
        client.close()
    return any(isinstance(tool, dict) and tool.get("name") == _TOOL for tool in tools or [])


def verdicts(sources: Sequence[Source], timeout_s: float = TIMEOUT_S) -> list[Verdict]:
    """What bbj-ls says of each source, in order, over one connection. Once it is out of reach, it is asked no more."""
    client = _Client(timeout_s)
    found: list[Verdict] = []
    try:
        for source in sources:
            try:
                result = client.ask("tools/call", {"name": _TOOL, "arguments": {"code": source.text}}, _TOOL)
                found.append(_verdict(source, result))
            except _NoAnswerError as error:
                found.append(Verdict(Status.NO_VERDICT, NAME, why=str(error)))
                if error.unreachable:
                    break
    finally:
        client.close()
    missing = len(sources) - len(found)
    return found + [Verdict(Status.NO_VERDICT, NAME, why=found[-1].why)] * missing if missing else found


class _NoAnswerError(Exception):
    """The server cannot be reached (`unreachable`) or what it says is not an answer."""

    def __init__(self, why: str, unreachable: bool = False) -> None:
        super().__init__(why)
        self.unreachable = unreachable


class _Client:
    """One connection, opened when first used and again after the server closed it."""

    def __init__(self, timeout_s: float) -> None:
        self._connection = HTTPConnection(_HOST, port(), timeout=timeout_s)

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, params: dict[str, Any], name: str = "") -> dict[str, Any]:
        """The `result` of one request."""
        capabilities = {f"io.modelcontextprotocol/{key}": value for key, value in _META.items()}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": capabilities}}
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": _PROTOCOL,
            "Mcp-Method": method,
        }
        if name:
            headers["Mcp-Name"] = name
        # ASCII JSON: half a surrogate pair in the text travels as an escape instead of failing here
        status, kind, text = self._post(dumps(body).encode("ascii"), headers)
        if "text/event-stream" in kind:
            data = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
            text = data[-1] if data else ""
        try:
            answer = loads(text)
        except (JSONDecodeError, RecursionError):
            raise _NoAnswerError(f"odd answer, HTTP status {status}") from None
        if isinstance(answer, dict) and isinstance(answer.get("result"), dict):
            result: dict[str, Any] = answer["result"]
            return result
        error = answer.get("error") if isinstance(answer, dict) else None
        said = str(error.get("message", "")) if isinstance(error, dict) else ""
        raise _NoAnswerError(f"odd answer, HTTP status {status}" + (f": {said[:200]}" if said else ""))

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str, str]:
        """Status, content type and text of the answer."""
        fresh = self._connection.sock is None
        try:
            self._connection.request("POST", "/mcp", body, headers)
            response = self._connection.getresponse()
            raw = response.read(_ANSWER_CAP + 1)
        except TimeoutError:
            self._connection.close()
            raise _NoAnswerError("timeout") from None
        except (OSError, HTTPException) as error:
            self._connection.close()
            if fresh:
                raise _NoAnswerError(f"cannot be reached: {error}", unreachable=True) from None
            return self._post(body, headers)  # a kept connection that the server had closed meanwhile
        if len(raw) > _ANSWER_CAP or not response.isclosed():
            self._connection.close()
            raise _NoAnswerError("more output than can be read")
        return response.status, response.getheader("Content-Type") or "", raw.decode("utf-8", "replace")


_META: dict[str, object] = {"protocolVersion": _PROTOCOL, "clientCapabilities": {}}
_VERSION = re.compile(r"\(BBj (\d[\w.]*)\)")
_TEXT_LINE = re.compile(r"line (\d+), column (\d+): (?:\[(\w+)\] )?(.*)")
_CODES = {"SyntaxError": "E801", "UndefinedLabelError": "E802"}


def _verdict(source: Source, result: dict[str, Any]) -> Verdict:
    """The result of the tool as a verdict: from its structured part, else from its text."""
    content = result.get("content")
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    text = "\n".join(part for part in texts if isinstance(part, str))
    version = _VERSION.search(text)
    judge = f"{NAME} {version[1]}" if version else NAME
    if result.get("isError"):
        return Verdict(Status.NO_VERDICT, judge, why=f"odd answer: {text[:200]}")
    structured = result.get("structuredContent")
    listed = structured.get("diagnostics") if isinstance(structured, dict) else None
    if isinstance(listed, list):
        found = [_diagnostic(source, item) for item in listed if isinstance(item, dict)]
    else:
        said = [_TEXT_LINE.fullmatch(line) for line in text.splitlines()]
        keys = ("line", "column", "category", "message")
        found = [_diagnostic(source, dict(zip(keys, m.groups(), strict=True))) for m in said if m]
        if not found and not text.startswith("No errors found"):
            return Verdict(Status.NO_VERDICT, judge, why=f"odd answer: {text[:200]}")
    return Verdict(Status.REJECTED if found else Status.ACCEPTED, judge, tuple(found))


def _diagnostic(source: Source, item: dict[str, Any]) -> Diagnostic:
    rows = source.text.count("\n") + 1
    line, column = _number(item.get("line")), _number(item.get("column"))
    category, said = str(item.get("category") or ""), str(item.get("message") or "syntax error")
    code = _CODES.get(category, "E803")
    message = f"{NAME}: {said}" if code != "E803" or not category else f"{NAME}: {category}: {said}"
    return Diagnostic(source.path, min(line, rows), column, code, Severity.ERROR, message)


def _number(value: object) -> int:
    """A line or column from 1, whatever was sent."""
    try:
        return max(int(str(value)), 1)
    except ValueError:
        return 1
