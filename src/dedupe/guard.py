"""Let only one person on this machine into a local web application, and only from its own pages."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dedupe.words import read_words

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    # With `no-referrer` a browser would not tell the origin of a form either.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """An ASGI application around another one that is served on 127.0.0.1 at `port`.

    Who knows `token` comes in: once with the address, then with a cookie, whose name tells the port, for cookies are shared
    between ports. A request for another host (as after a name was bound to this machine) or from a page of another origin
    is refused with 403, and so is what changes something and does not tell its origin. All answers have the same headers.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._cookie = f"dedupe-review-{port}"
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        if scope["type"] == "http":
            await self._answer(Request(scope))(scope, receive, send_guarded)

    def _answer(self, request: Request) -> ASGIApp:
        if not self._is_from_here(request):
            return _forbidden(request)
        if request.url.path == "/" and self._is_key(request.query_params.get("token", "")):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return answer
        return self._app if self._is_key(request.cookies.get(self._cookie, "")) else _forbidden(request)

    def _is_from_here(self, request: Request) -> bool:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if origin is None:
            return host in self._hosts and request.method in {"GET", "HEAD"}
        return host in self._hosts and origin == f"http://{host}"

    def _is_key(self, given: str) -> bool:
        return secrets.compare_digest(given.encode("utf-8", "surrogatepass"), self._token.encode())


def _forbidden(request: Request) -> PlainTextResponse:
    return PlainTextResponse(read_words(request.headers.get("accept-language", "en"))("forbidden"), 403)
