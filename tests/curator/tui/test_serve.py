"""bbj-curator in a browser: a real server on loopback and a real websocket. Who gets in, what is loaded, what ends."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from curator.cli import run
from curator.errors import CuratorError, MissingError
from curator.tui.main import cli
from curator.tui.serve import TEMPLATES, check_host, command_of

aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")

POSIX = pytest.mark.skipif(os.name == "nt", reason="ends the server by a signal")


@pytest.fixture
async def served(root: Path) -> AsyncIterator[str]:
    """The address that a real `bbj-curator serve` prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "curator.tui.main", "serve", str(root), "--port", "0",
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert process.stderr
    try:
        line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
        yield line.split()[-1]
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 15)
        if process.returncode is None:
            process.kill()
        assert process.returncode == 0


@POSIX
async def test_only_the_token_opens_the_page_and_the_websocket(served: str) -> None:
    base, token = served.split("/?token=")
    own = {"Origin": base}
    socket = base.replace("http", "ws") + "/ws"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as stranger:
        for path in ("/", "/?token=", "/?token=x", f"/ws?token={token}", "/static/js/textual.js", "/download/x"):
            async with stranger.get(base + path, allow_redirects=False) as reply:
                assert reply.status == 403, path
        for headers in ({}, own, {"Cookie": "bbj-curator-token=x", **own}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stranger.ws_connect(socket, headers=headers)
            assert refused.value.status == 403
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(served, allow_redirects=False) as reply:
            cookie = reply.headers["Set-Cookie"]
            assert reply.status == 303 and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        async with browser.get(base + "/") as reply:
            page = await reply.text()
            assert reply.status == 200 and token not in page
            assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//(?!127\.0\.0\.1)", page)
        async with browser.get(base + "/static/js/textual.js") as reply:
            assert reply.status == 200
        async with browser.get(base + "/download/x") as reply:
            assert reply.status == 404
        for headers in ({"Origin": "http://evil.example"}, {}, {"Host": "evil.example", **own}):
            with pytest.raises(aiohttp.WSServerHandshakeError):  # another page, no page, a name made to mean us
                await browser.ws_connect(socket, headers=headers)


@POSIX
async def test_the_app_answers_in_the_browser_and_ends_with_its_window(served: str, root: Path) -> None:
    base = served.split("/?token=")[0]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(served):
            pass
        address = base.replace("http", "ws") + "/ws?width=100&height=30"
        async with browser.ws_connect(address, headers={"Origin": base}) as socket:
            await _until(socket, "Print a greeting")
            await socket.send_str(json.dumps(["stdin", "n"]))
            await _until(socket, "New example")
            running = await _apps(root)
            assert len(running) == 1
    for _ in range(100):
        if not await _apps(root):
            break
        await asyncio.sleep(0.1)
    assert not await _apps(root)


async def _until(socket, wanted: str) -> None:  # type: ignore[no-untyped-def]
    said = ""
    async with asyncio.timeout(30):
        async for message in socket:
            said += message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
            if wanted in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said):
                return
    raise AssertionError("the window was closed")


async def _apps(root: Path) -> list[str]:
    found = await asyncio.create_subprocess_exec("ps", "-eww", "-o", "args", stdout=asyncio.subprocess.PIPE)
    out, _ = await found.communicate()
    return [line for line in out.decode().split("\n") if f"main open {root}" in line and "/bin/sh" not in line]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.com", "localhost.example.com", ""])
def test_an_address_that_others_reach_is_refused(host: str) -> None:
    with pytest.raises(CuratorError, match="ssh -L"):
        check_host(host)
    assert run(cli, "bbj-curator", ["serve", ".", "--host", host]) == 2


def test_loopback_is_served() -> None:
    assert [check_host(host) for host in ("localhost", "127.0.0.1", "::1")] == ["127.0.0.1", "127.0.0.1", "::1"]


def test_a_folder_name_cannot_add_to_the_command(tmp_path: Path) -> None:
    import shlex

    assert shlex.split(command_of(Path("/a b/$(touch x); 'q'")))[-1] == "/a b/$(touch x); 'q'"


def test_without_the_extra_the_cure_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curator.tui import serve

    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    with pytest.raises(MissingError, match=r"bbj-curator\[serve\]") as error:
        serve.server_for(tmp_path, "127.0.0.1", 1, "t", print)
    assert error.value.exit_code == 3


def test_our_page_loads_nothing_from_elsewhere() -> None:
    assert "http" not in (TEMPLATES / "app_index.html").read_text("utf-8").replace("websocket", "")
