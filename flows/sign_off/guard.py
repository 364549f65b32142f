"""What every request must be before anything looks at it, and what every answer carries."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.sign_off.sessions import Doors
from flows.terminal import unexpected
from monitor.documentation.review import notice_page, script_hash, text_of
from monitor.errors import BusyError, MonitorError

LARGEST_FORM: Final = 131_072
FORM: Final = "application/x-www-form-urlencoded"
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    f"script-src '{script_hash(text_of('monitor.documentation.review', 'table.js'))}'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""The pages' own policy, with what a page cannot say of itself."""
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""On every answer. A referrer goes to these pages only: without one, browsers send no origin with a form."""


class NotAnsweredError(Exception):
    """A request that is not carried out.

    Args:
        status: Of HTTP.
        reason: For the person, without anything that was sent.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Guard:
    """Refuses what no form of these pages can have sent, and whoever has no session.

    Args:
        app: The pages.
        doors: Who may see them.
        host: The one address, as 127.0.0.1:8000, that is answered; any other may be another site's name
            that was led here.
    """

    def __init__(self, app: ASGIApp, doors: Doors, host: str) -> None:
        self.app, self.doors, self.host = app, doors, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._require(scope)
            await self.app(scope, receive, sent)
        except Exception as error:  # noqa: BLE001  the edge of the program
            if not started:
                await refusal(error)(scope, receive, sent)

    def _require(self, scope: Scope) -> None:
        """Refuse by method, host, origin and size; then know the session, or lead to the start."""
        headers, method = Headers(scope=scope), scope["method"]
        if method not in ("GET", "POST"):
            raise NotAnsweredError(405, "Only GET and POST are answered here.")
        if headers.getlist("host") != [self.host]:
            raise NotAnsweredError(421, f"Only http://{self.host} is answered here.")
        if method == "POST":
            self._require_own_form(headers)
        session = self.doors.session(cookie_of(headers, self.host))
        if session is None and scope["path"] != "/start":
            raise NotAnsweredError(
                401, "There is no session here, or it has ended. The terminal shows where to start."
            )
        state: dict[str, Any] = scope.setdefault("state", {})
        state["session"] = session

    def _require_own_form(self, headers: Headers) -> None:
        if headers.getlist("origin") != [f"http://{self.host}"]:
            raise NotAnsweredError(403, "This form was not sent from these pages.")
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise NotAnsweredError(403, "This form was not sent from these pages.")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise NotAnsweredError(415, "Only forms of these pages are taken.")
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdecimal()):
            raise NotAnsweredError(411, "The size of the form is not stated.")
        if int(length) > LARGEST_FORM:
            raise NotAnsweredError(413, f"The form is larger than {LARGEST_FORM} bytes.")


def cookie_name(host: str) -> str:
    """Another for each port, because browsers send the cookies of a host to all of its ports.

    Example:
        >>> cookie_name("127.0.0.1:8000")
        'pccp-review-8000'
    """
    return f"pccp-review-{host.rpartition(':')[2]}"


def cookie_of(headers: Headers, host: str) -> str:
    """The session cookie that was sent; empty when there is none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(cookie_name(host))
    except CookieError:
        return ""
    return found.value if found else ""


def refusal(error: Exception) -> HTMLResponse:
    """The page that says why; it repeats nothing that was sent, and of an unforeseen error only its place."""
    if isinstance(error, NotAnsweredError):
        return HTMLResponse(notice_page("Not answered", error.reason), error.status)
    if isinstance(error, MonitorError):
        status = 503 if isinstance(error, BusyError) else 409
        return HTMLResponse(notice_page("This cannot be done", str(error)), status)
    return HTMLResponse(notice_page("This cannot be done", unexpected(error)), 500)
