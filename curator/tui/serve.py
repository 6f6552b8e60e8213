"""bbj-curator in a browser of this machine, by textual-serve: for those who have no good terminal.

Whoever reaches the page writes files as the author, so it listens on this machine only, and every request needs a
token that was printed to the terminal: other users of the machine do not have it, nor has a page that the author looks
at in the same browser (its requests carry no cookie of ours, and their Origin and Host are others). Another address is
refused: without TLS a token in the open protects nobody; `ssh -L` carries the port safely.
Nothing is loaded from outside, and nothing can be downloaded: the app sends no files.
Try it: `bbj-curator serve`
"""

import contextlib
import hmac
import ipaddress
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from curator.errors import CuratorError, MissingError

COOKIE = "bbj-curator-token"
TEMPLATES = Path(__file__).parent / "pages"

# What a page of ours may load: itself. xterm.js sets styles of its own, and draws on a canvas.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src {websocket} 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def check_host(host: str) -> str:
    """The address to listen on. Raises CuratorError for one that other machines reach."""
    if host == "localhost":
        return "127.0.0.1"
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return host
    raise CuratorError(
        f"{host}: bbj-curator is served on this machine only, since the page is not encrypted; "
        "from another machine use: ssh -L 8000:localhost:8000 NAME_OF_THIS_ONE"
    )


def command_of(root: Path) -> str:
    """The shell command that textual-serve starts for every browser window."""
    words = [sys.executable, "-m", "curator.tui.main", "open", str(root)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def serve(root: Path, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. Raises CuratorError for an address or a port that cannot be had, MissingError without
    textual-serve.
    """
    host = check_host(host)
    server_for(root, host, free_port(host, port), secrets.token_urlsafe(32), say).serve()


def free_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises CuratorError if it is taken."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as test:
        if os.name != "nt":  # there the option would let two servers have one port
            test.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            test.bind((host, port))
        except OSError as error:
            raise CuratorError(f"port {port} cannot be had: {error.strerror}; choose another with --port") from error
        return int(test.getsockname()[1])


def server_for(root: Path, host: str, port: int, token: str, say: Callable[[str], None]):  # type: ignore[no-untyped-def]
    """The server, not started yet; a function, because textual-serve is an extra. Raises MissingError without it."""
    try:
        from aiohttp import web
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise MissingError('serving needs textual-serve; run: pip install "bbj-curator[serve]"') from error

    name = f"[{host}]" if ":" in host else host
    own = f"{name}:{port}"
    hosts = {own, f"localhost:{port}"}
    origins = {f"http://{one}" for one in hosts}
    headers = {
        "Content-Security-Policy": _POLICY.format(websocket=" ".join(f"ws://{one}" for one in sorted(hosts))),
        "Referrer-Policy": "no-referrer",  # the first address holds the token
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }

    def is_token(given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), token.encode())

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.host not in hosts:  # a foreign name that was made to mean this machine
            raise web.HTTPForbidden(text="bbj-curator: not under this name")
        origin = request.headers.get("Origin")
        if (origin is not None or request.path == "/ws") and origin not in origins:
            raise web.HTTPForbidden(text="bbj-curator: not from another page")
        if request.path == "/" and is_token(request.query.get("token")):
            response = web.Response(status=303, headers={"Location": "/", **headers})
            response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", path="/")
            return response
        if not is_token(request.cookies.get(COOKIE)):
            raise web.HTTPForbidden(text="bbj-curator: open the address that the terminal shows, token and all")
        return await handler(request)

    class Guarded(Server):
        def __init__(self) -> None:
            super().__init__(command_of(root), host, port, "bbj-curator", f"http://{own}", templates_path=TEMPLATES)

        def initialize_logging(self) -> None:
            """Errors only, and no local variables in them: they hold the token."""

        async def _make_app(self) -> web.Application:
            app = await super()._make_app()
            app.middlewares.append(guard)
            app.on_response_prepare.append(add_headers)
            return app

        async def on_startup(self, app: web.Application) -> None:
            """Nothing is said before the port listens."""

        def serve(self, debug: bool = False) -> None:
            def listening(_banner: str) -> None:
                say(f"bbj-curator is at http://{own}/?token={token}")
                say("Only this machine reaches it, and only with that address. Ctrl-C ends it.")

            # no access log: its lines would hold the token
            web.run_app(self._make_app(), host=self.host, port=self.port, access_log=None, print=listening)

        async def handle_index(self, request: web.Request) -> web.StreamResponse:
            self.public_url = f"http://{request.host}"  # 127.0.0.1 or localhost: the cookie is that name's
            return await super().handle_index(request)

        async def handle_download(self, request: web.Request) -> web.StreamResponse:
            raise web.HTTPNotFound(text="bbj-curator: there is nothing to download")

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)

    return Guarded()
