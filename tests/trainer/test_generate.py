"""Asking: the cache and resumption, the decoding loop against transformers' own, the client against a real server."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.chatml import Message
from tests.trainer.llama import embedded, served
from tests.trainer.scripted import Scripted
from trainer.errors import TrainerError, TrainerMissingError
from trainer.evaluation.generate import Finish, Reply, ReplyCache, Sampling, clean, replies, reply_key
from trainer.evaluation.generate_endpoint import KEY_VARIABLE, Endpoint, EndpointGenerator, read_answer

PROMPTS = [[Message("system", "s"), Message("user", f"question {at}")] for at in range(5)]
ANSWERS = [f"answer {at}" for at in range(5)]
NOTHING = lambda tokens: None  # noqa: E731


# --- the cache ----------------------------------------------------------------------------------------------------


def test_replies_come_in_the_order_of_the_prompts(tmp_path: Path) -> None:
    arm = Scripted(ANSWERS)
    assert [r.text for r in replies(arm, PROMPTS, Sampling(), ReplyCache(tmp_path / "r.jsonl"))] == ANSWERS


def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    first = replies(Scripted(ANSWERS), PROMPTS, Sampling(), ReplyCache(tmp_path / "r.jsonl"))
    again = Scripted(ANSWERS)
    assert replies(again, PROMPTS, Sampling(), ReplyCache(tmp_path / "r.jsonl")) == first
    assert again.asked == []


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    killed = Scripted(ANSWERS, dies_after=2)
    with pytest.raises(KeyboardInterrupt):
        replies(killed, PROMPTS, Sampling(), ReplyCache(tmp_path / "r.jsonl"))
    rest = Scripted(ANSWERS)
    got = replies(rest, PROMPTS, Sampling(), ReplyCache(tmp_path / "r.jsonl"))
    assert [r.text for r in got] == ANSWERS
    assert sorted(killed.asked + rest.asked) == [0, 1, 2, 3, 4]


def test_a_half_written_line_costs_one_question(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    replies(Scripted(ANSWERS), PROMPTS, Sampling(), ReplyCache(path))
    path.write_bytes(path.read_bytes()[:-20])
    again = Scripted(ANSWERS)
    assert [r.text for r in replies(again, PROMPTS, Sampling(), ReplyCache(path))] == ANSWERS
    assert len(again.asked) == 1
    third = Scripted(ANSWERS)
    replies(third, PROMPTS, Sampling(), ReplyCache(path))
    assert third.asked == []


@pytest.mark.parametrize(
    "line", ["", "null", "[]", '{"key": 1}', '{"key":"a","text":3,"finish":"stop","tokens":1}', "\x00\xff", '"x"']
)
def test_a_line_that_is_no_reply_is_skipped(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(line + "\n", encoding="latin-1")
    assert len(ReplyCache(path)) == 0


def test_what_a_reply_depends_on_changes_its_key() -> None:
    base = reply_key({"model": "a"}, PROMPTS[0], Sampling())
    others = [
        reply_key({"model": "b"}, PROMPTS[0], Sampling()),
        reply_key({"model": "a", "adapter": "x"}, PROMPTS[0], Sampling()),
        reply_key({"model": "a"}, PROMPTS[1], Sampling()),
        reply_key({"model": "a"}, [Message("user", "s"), Message("user", "question 0")], Sampling()),
        reply_key({"model": "a"}, PROMPTS[0], Sampling(max_new_tokens=5)),
        reply_key({"model": "a"}, PROMPTS[0], Sampling(temperature=0.5)),
        reply_key({"model": "a"}, PROMPTS[0], Sampling(temperature=0.5, seed=1)),
    ]
    assert len({base, *others}) == 8


def test_the_seed_is_no_matter_without_chance() -> None:
    assert reply_key({}, PROMPTS[0], Sampling(seed=1)) == reply_key({}, PROMPTS[0], Sampling(seed=2))


@given(st.text() | st.just("\ud800 lone"), st.sampled_from(Finish), st.integers(0, 10**6))
def test_any_reply_survives_the_file(text: str, finish: Finish, tokens: int) -> None:
    import tempfile

    reply = Reply(clean(text), finish, tokens)
    with tempfile.TemporaryDirectory() as folder:
        ReplyCache(Path(folder) / "r.jsonl").add("k", reply)
        assert ReplyCache(Path(folder) / "r.jsonl")["k"] == reply


def test_an_unwritable_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainerError, match="cannot write"):
        ReplyCache(tmp_path / "file" / "r.jsonl").add("k", Reply("", Finish.STOP, 0))


# --- a model on this machine --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    pytest.importorskip("torch")
    from tests.trainer import tiny
    from trainer.tokens import apply_template

    return tiny.model(), apply_template(tiny.tokenizer())


@pytest.mark.train
def test_the_loop_gives_the_tokens_that_generate_gives(tiny: tuple[Any, Any]) -> None:
    import torch

    from trainer.evaluation.generate_local import decode

    model, _ = tiny
    stop = frozenset({2, 0, 70, 71, 72, 73, 74, 75})  # many, so that rows end at different steps
    rows = [[1] + [3 + (7 * at + k * k) % 250 for k in range(4 + 3 * at)] for at in range(6)]
    ticks: list[int] = []
    got = decode(model, rows, Sampling(max_new_tokens=40), stop, ticks.append)
    for row, (tokens, finish) in zip(rows, got, strict=True):
        out = model.generate(
            torch.tensor([row]),
            attention_mask=torch.ones(1, len(row), dtype=torch.long),
            do_sample=False,
            max_new_tokens=40,
            eos_token_id=sorted(stop),
            pad_token_id=0,
        )[0, len(row) :].tolist()
        ended = bool(out) and out[-1] in stop
        assert tokens == (out[:-1] if ended else out)
        assert finish is (Finish.STOP if ended else Finish.LENGTH)
    lengths = {len(tokens) for tokens, _ in got}
    assert len(lengths) > 2, "the rows must end at different steps, or dropping rows is not tested"
    assert sum(ticks) == sum(len(tokens) + (finish is Finish.STOP) for tokens, finish in got), "ended rows cost nothing"


@pytest.mark.train
def test_a_reply_that_goes_in_circles_is_not_waited_for_if_so_asked_and_counts_as_one_at_its_limit() -> None:
    import torch

    from tests.trainer import tiny
    from trainer.evaluation.generate_local import decode

    model = tiny.model()
    torch.nn.init.zeros_(model.lm_head.weight)  # says token 0 and nothing else
    rows = [[1] + [3 + (7 * at + k * k) % 250 for k in range(4 + 3 * at)] for at in range(6)]
    threads = torch.get_num_threads()
    patient, quick = (
        decode(model, rows, Sampling(max_new_tokens=200), frozenset({2}), NOTHING, last) for last in (0, 30)
    )
    assert torch.get_num_threads() == threads
    for (full, end), (tokens, same_end) in zip(patient, quick, strict=True):
        assert tokens == [0] * 30 and full == [0] * 200
        assert same_end is end is Finish.LENGTH


@pytest.mark.parametrize(
    ("tokens", "circling"),
    [
        ([5] * 12, True),
        ([9, 9, 1, 2, 3, 4] + [1, 2, 3, 4] * 3, True),
        ([1, 2, 3, 4, 5, 6] * 2, False),  # twice is no circle
        ([1, 2, 3, 4] * 2 + [1, 2, 3, 5], False),
        ([5] * 11, False),
        (list(range(12)), False),
    ],
)
def test_a_circle_is_a_phrase_three_times_over(tokens: list[int], circling: bool) -> None:
    from trainer.evaluation.generate_local import goes_in_circles

    assert goes_in_circles(tokens, 12) is circling


@pytest.mark.train
def test_replies_do_not_depend_on_what_was_cached(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    from trainer.evaluation.generate_local import LocalGenerator

    sampling = Sampling(max_new_tokens=12)
    whole = LocalGenerator({"model": "tiny"}, lambda: tiny, batch_size=2)
    expected = replies(whole, PROMPTS, sampling, ReplyCache(tmp_path / "a.jsonl"))
    cache = ReplyCache(tmp_path / "b.jsonl")
    cache.add(reply_key(whole.identity(), PROMPTS[1], sampling), expected[1])
    assert replies(whole, PROMPTS, sampling, cache) == expected


@pytest.mark.train
def test_a_cached_arm_loads_no_model(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    from trainer.evaluation.generate_local import LocalGenerator

    def refuse() -> tuple[Any, Any]:
        raise AssertionError("loaded")

    sampling = Sampling(max_new_tokens=4)
    replies(LocalGenerator({}, lambda: tiny), PROMPTS, sampling, ReplyCache(tmp_path / "r.jsonl"))
    replies(LocalGenerator({}, refuse), PROMPTS, sampling, ReplyCache(tmp_path / "r.jsonl"))


@pytest.mark.train
def test_sampling_follows_its_seed_and_its_nucleus(tiny: tuple[Any, Any]) -> None:
    import torch

    from trainer.evaluation.generate_local import choose, decode

    model, _ = tiny
    stop, rows = frozenset({2}), [[1, 50, 60], [1, 70]]
    hot = Sampling(max_new_tokens=20, temperature=1.5, seed=1)
    first = decode(model, rows, hot, stop, NOTHING)
    assert first == decode(model, rows, hot, stop, NOTHING)
    assert first != decode(model, rows, replace(hot, seed=2), stop, NOTHING)
    logits = torch.tensor([[0.0, 5.0, 4.0, -3.0]]).repeat(200, 1)
    source = torch.Generator().manual_seed(0)
    drawn = choose(logits, Sampling(temperature=1.0, top_p=0.9), source)
    assert set(drawn.tolist()) == {1, 2}
    assert set(choose(logits, Sampling(temperature=1.0, top_p=0.1), source).tolist()) == {1}


@pytest.mark.train
def test_a_prompt_that_does_not_fit_is_refused(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    from trainer.evaluation.generate_local import LocalGenerator

    with pytest.raises(TrainerError, match="more than the model's 4096"):
        replies(
            LocalGenerator({}, lambda: tiny), PROMPTS, Sampling(max_new_tokens=4090), ReplyCache(tmp_path / "r.jsonl")
        )


# --- a model behind a server --------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Answers each POST with the next entry of `script`: (status, body), or a function of the request."""

    daemon_threads = True

    def __init__(self, script: list[Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has hung up is part of a test, not worth a traceback."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.seen.append({"path": self.path, **body})
            self.server.headers.append(dict(self.headers))
            entry = self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]
        status, content, *extra = entry(body) if callable(entry) else entry
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in extra:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving(*script: Any) -> Iterator[Server]:
    server = Server(list(script))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def completion(text: Any, finish: str = "stop", tokens: int = 7) -> dict[str, Any]:
    return {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"completion_tokens": tokens},
    }


def echo(body: dict[str, Any]) -> tuple[int, Any]:
    return 200, completion("re: " + body["messages"][-1]["content"])


def ask(server: Server, prompts: Any = PROMPTS, **options: Any) -> list[Reply]:
    environ = options.pop("environ", {})
    arm = EndpointGenerator(Endpoint(server.url, "m", wait_s=0.01, **options), environ)
    return [reply for _, reply in sorted(arm.generate(prompts, range(len(prompts)), Sampling(), NOTHING))]


@pytest.mark.parametrize("parallel", [1, 3])
def test_each_prompt_gets_its_own_reply(parallel: int) -> None:
    with serving(echo) as server:
        got = ask(server, parallel=parallel)
    assert [r.text for r in got] == [f"re: question {at}" for at in range(5)]
    assert {(r.finish, r.tokens) for r in got} == {(Finish.STOP, 7)}


def test_every_sampling_option_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(echo) as server:
        ask(server, PROMPTS[:1], options={"top_k": 1})
    sent = server.seen[0]
    assert sent["path"] == "/v1/chat/completions"
    assert sent["messages"] == [{"role": "system", "content": "s"}, {"role": "user", "content": "question 0"}]
    wanted = {"model": "m", "temperature": 0.0, "top_p": 1.0, "max_tokens": 256, "seed": 0, "stream": False, "top_k": 1}
    assert wanted.items() <= sent.items()


def test_the_end_of_the_budget_is_seen() -> None:
    with serving((200, completion("half", "length"))) as server:
        assert ask(server, PROMPTS[:1])[0].finish is Finish.LENGTH


def test_a_busy_server_is_asked_again() -> None:
    with serving((503, {}), (429, {}), echo) as server:
        assert ask(server, PROMPTS[:1])[0].text == "re: question 0"
    assert len(server.seen) == 3


def test_a_refusal_is_final_and_shown_without_control_characters() -> None:
    with serving((400, b'{"error":"no such \x1b[31mmodel"}')) as server:
        with pytest.raises(TrainerError, match=r"HTTP 400.*no such .*model") as caught:
            ask(server, PROMPTS[:1])
        assert "\x1b" not in str(caught.value)
    assert len(server.seen) == 1


def test_a_server_that_is_not_there_is_missing() -> None:
    with serving(echo) as server:
        url = server.url
    arm = EndpointGenerator(Endpoint(url, "m", tries=2, wait_s=0.01), {})
    with pytest.raises(TrainerMissingError, match="no answer after 2 tries"):
        list(arm.generate(PROMPTS, [0], Sampling(), NOTHING))


def test_a_slow_server_runs_into_the_timeout() -> None:
    def slow(body: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.5)
        return echo(body)

    with serving(slow) as server, pytest.raises(TrainerMissingError, match="timed out"):
        ask(server, PROMPTS[:1], timeout_s=0.05, tries=1)


def test_a_redirect_is_not_followed() -> None:
    with (
        serving(echo) as elsewhere,
        serving((307, {}, ("Location", elsewhere.url))) as server,
        pytest.raises(TrainerError, match="HTTP 307"),
    ):
        ask(server, PROMPTS[:1], environ={KEY_VARIABLE: "secret"})
    assert elsewhere.seen == []


def test_the_key_is_sent_and_stands_nowhere_else(tmp_path: Path) -> None:
    with serving(echo) as server:
        arm = EndpointGenerator(Endpoint(server.url, "m"), {KEY_VARIABLE: "secret-key"})
        replies(arm, PROMPTS[:1], Sampling(), ReplyCache(tmp_path / "r.jsonl"))
        assert server.headers[0]["Authorization"] == "Bearer secret-key"
    assert "secret-key" not in (tmp_path / "r.jsonl").read_text() + str(arm.identity())


def test_the_key_does_not_go_over_plain_http_to_others() -> None:
    arm = EndpointGenerator(Endpoint("http://models.example/v1", "m"), {KEY_VARIABLE: "secret"})
    assert arm._key == ""


@pytest.mark.parametrize("url", ["ftp://host/v1", "nonsense", "file:///etc/passwd", "https://user:key@host/v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(TrainerError):
        EndpointGenerator(Endpoint(url, "m"), {})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"choices":[]}',
        b'{"choices":[{}]}',
        b'{"choices":[{"message":{"content":[1]}}]}',
    ],
)
def test_an_answer_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(TrainerError, match="no chat completion"):
        read_answer(content)


def test_an_empty_answer_is_an_empty_reply() -> None:
    content = json.dumps(completion(None, tokens=0)).encode()
    assert read_answer(content) == Reply("", Finish.STOP, 0)


@pytest.mark.train
def test_llama_cpp_answers_a_prompt() -> None:
    with served(embedded()) as port:
        arm = EndpointGenerator(Endpoint(f"http://127.0.0.1:{port}/v1", "smollm2", options={"top_k": 1}), {})
        ((_, reply),) = arm.generate([[Message("user", "Say hello.")]], [0], Sampling(max_new_tokens=8), NOTHING)
    assert reply.text.strip()
    assert 0 < reply.tokens <= 8
