"""Who may talk to the server, and how much. docs/security.md says what is promised."""

import html
import ipaddress
import logging
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

COOKIE = "fitness_session"
"""Beginning of the cookie's name; the port follows, which browsers do not tell the cookies of one machine apart by."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
REQUESTS, REQUESTS_BURST = 20.0, 200.0
"""Requests per second of one address, and at once."""
ATTEMPTS, ATTEMPTS_BURST = 0.2, 5.0
"""Wrong tokens per second of one address, and at once."""
ADDRESSES = 1000
"""Addresses that are remembered; beyond it all are forgotten."""
_ENTRANCE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={0}">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<title>Fitness</title>
<p><a href="{0}">Open the dashboard</a></p>
</html>
"""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Budget:
    """So many per second, and so many at once (a token bucket)."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._time = burst, time.monotonic()

    def spend(self) -> bool:
        """Take one; whether there was one."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._time) * self._rate)
        self._time = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def empty(self) -> bool:
        """Whether there is none left; takes none."""
        return self._left + (time.monotonic() - self._time) * self._rate < 1


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Checks every request before anything else sees it.

    On the loopback no token is asked for, but only requests to a name of the loopback are answered: a page of another
    site whose name was made to point here (DNS rebinding) is not. On other addresses everything but /healthz asks for
    the token: as the cookie that the link with the token sets, or as `Authorization: Bearer`.
    A WebSocket that comes from a page must come from a page of this server (Origin).
    """

    def __init__(self, host: str, log: Callable[[str], None]) -> None:
        self.token = "" if is_loopback(host) else secrets.token_urlsafe(24)
        """To be shown once to whoever started the server; empty on the loopback."""
        self._names = {*LOOPBACK, host.lower()}
        self._session = secrets.token_urlsafe(32)
        self._log = log
        self._said: set[str] = set()
        self._requests: dict[str, Budget] = {}
        self._attempts: dict[str, Budget] = {}
        self.server_log = logging.Logger("dashboard")
        """For aiohttp: what goes wrong in the server, but no traceback for every line that is not HTTP."""
        self.server_log.parent = server_logger
        self.server_log.addFilter(self._is_of_the_server)

    def refuse(self, request: web.Request, reason: str) -> None:
        """Log a refusal: once for each reason and address, so that nobody can fill the disk."""
        # What somebody sent may be in it, and is no line of the log of its own.
        self._say_once(f"{reason if reason.isprintable() else ascii(reason)} from {request.remote}")

    def _is_of_the_server(self, record: logging.LogRecord) -> bool:
        # What cannot be read as a request never comes to check(), and asks for no token.
        if not record.exc_info or not isinstance(record.exc_info[1], HttpProcessingError):
            return True
        remote = record.args[0] if isinstance(record.args, tuple) and record.args else None
        self._say_once(f"what is not HTTP, or too long, from {remote}")
        return False

    def _say_once(self, about: str) -> None:
        if about not in self._said and len(self._said) < ADDRESSES:
            self._said.add(about)
            self._log(f"refused: {about}")

    @web.middleware
    async def check(self, request: web.Request, handler: Callable) -> web.StreamResponse:
        """The middleware of the application."""
        if not self._budget(self._requests, request, REQUESTS, REQUESTS_BURST).spend():
            return self._error(request, HTTPStatus.TOO_MANY_REQUESTS, "too many requests")
        if not self.token and _name(request.host) not in self._names:
            return self._error(request, HTTPStatus.FORBIDDEN, "a request by another name than that of this machine")
        if hdrs.ORIGIN in request.headers and _place(request.headers[hdrs.ORIGIN]) != request.host:
            return self._error(request, HTTPStatus.FORBIDDEN, "a request of a page of another site")
        known = _same(request.cookies.get(_cookie(request), ""), self._session)
        given = request.query.get("token")
        if self.token and known and given is not None:
            # The link again: nor does its token stay in the address then.
            raise web.HTTPSeeOther(_without_query(request))
        if self.token and request.path != "/healthz" and not known:
            bearer = request.headers.get(hdrs.AUTHORIZATION, "").removeprefix("Bearer ")
            attempts = self._budget(self._attempts, request, ATTEMPTS, ATTEMPTS_BURST)
            if attempts.empty():
                return self._error(request, HTTPStatus.TOO_MANY_REQUESTS, "too many wrong tokens")
            if given is not None and _same(given, self.token):
                return self._let_in(request)
            if not _same(bearer, self.token):
                if given is None and not bearer:
                    return self._error(request, HTTPStatus.UNAUTHORIZED, "a request without the token")
                attempts.spend()
                return self._error(request, HTTPStatus.UNAUTHORIZED, "a wrong token")
        return await handler(request)

    def _let_in(self, request: web.Request) -> web.Response:
        """Give the cookie, and lead to the page without the token in its address.

        By a page, not by a redirect: of a link on another site, a mail, that would be a request of that site still, and
        browsers send such a cookie with their own only.
        """
        response = web.Response(text=_ENTRANCE.format(html.escape(_without_query(request))), content_type="text/html")
        response.set_cookie(
            _cookie(request), self._session, httponly=True, samesite="Strict", secure=request.secure, path="/"
        )
        return response

    def _error(self, request: web.Request, status: HTTPStatus, reason: str) -> web.Response:
        self.refuse(request, reason)
        hint = "; open the link that was printed when the dashboard started" if status == 401 else ""
        return web.Response(status=status, text=f"Refused: {reason}{hint}.\n")

    def _budget(self, budgets: dict[str, Budget], request: web.Request, rate: float, burst: float) -> Budget:
        if len(budgets) > ADDRESSES:
            budgets.clear()
        return budgets.setdefault(request.remote or "", Budget(rate, burst))


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Security headers on every answer; what a page has set itself stays."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _cookie(request: web.Request) -> str:
    """Name of the cookie of this server: another dashboard on this machine has another port."""
    place = request.transport.get_extra_info("sockname") if request.transport else None
    return f"{COOKIE}_{place[1]}" if place else COOKIE


def _without_query(request: web.Request) -> str:
    """The address of a request on this server, and on no other: "//name" would be one."""
    return "/" + request.rel_url.raw_path.lstrip("/")


def _name(host: str) -> str:
    """The name in a Host header, without the port; empty for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _place(origin: str) -> str | None:
    """Name and port in an Origin header; None for what is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _same(given: str, wanted: str) -> bool:
    # Headers hold any bytes, which Python keeps as surrogates where they are no text.
    return secrets.compare_digest(given.encode(errors="surrogateescape"), wanted.encode())
