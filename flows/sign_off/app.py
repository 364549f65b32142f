"""The addresses: pages, dossiers and Evidently's pages to read, forms to send, what was signed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from flows.sign_off.acts import ACTS, carry_out, read_form
from flows.sign_off.guard import LARGEST_FORM, Guard, NotAnsweredError, cookie_name
from flows.sign_off.pages import Pages
from flows.sign_off.sessions import Doors, Session
from monitor.documentation.review import Refusal, notice_page, signed_page
from monitor.documentation.wording import spaced
from monitor.errors import BusyError, MonitorError
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import read_plan
from monitor.registry import Entry, read_chain

FRONT: Final = "/review/index.html"
EVIDENTLY_PAGE: Final = re.compile(r"[0-9a-f]{16}\.html")
DOSSIER: Final = {
    "dossier.html": "text/html",
    "dossier.pdf": "application/pdf",
    "dossier.json": "application/json",
}
SEALED: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Evidently's page runs scripts, so it is kept from these pages: no origin, no request, no form."""
VIEWED: Final = "frame-ancestors 'none'; form-action 'none'"
"""A PDF is shown by the browser's own viewer, which the policy of a page would keep from working."""
KINDS: Final = {kind for _, kind in ACTS.values()}
UNFINISHED: Final = "On the ledger; the next night or decision finishes what comes after it. Now:"
SECRET: Final = ("passphrase", "token")


def application(pages: Pages, doors: Doors, host: str) -> ASGIApp:
    """Everything that is answered at `host`, such as 127.0.0.1:8000."""
    answers = Answers(pages, doors, host)
    routes = [
        Route("/", answers.front, methods=["GET"]),
        Route("/start", answers.start, methods=["GET"]),
        Route("/leave", answers.leave, methods=["POST"]),
        Route("/review/evidently/{name}", answers.evidently, methods=["GET"]),
        Route("/review/{name}", answers.page, methods=["GET"]),
        Route("/review/{name}", answers.decide, methods=["POST"]),
        Route("/dossiers/{change}/{name}", answers.dossier, methods=["GET"]),
        Route("/signed/{sequence:int}", answers.signed, methods=["GET"]),
        Route("/{rest:path}", answers.nothing, methods=["GET", "POST"]),
    ]
    return Guard(Router(routes, redirect_slashes=False), doors, host)


class Answers:
    """What each address gives. Functions that are not `async` run beside the loop and may take long."""

    def __init__(self, pages: Pages, doors: Doors, host: str) -> None:
        self.pages, self.doors, self.host = pages, doors, host

    async def front(self, _: Request) -> Response:
        return RedirectResponse(FRONT, 303)

    async def start(self, request: Request) -> Response:
        """Exchange the start token for a session; its cookie is no part of any address."""
        session = self.doors.enter(request.query_params.get("token", ""))
        if session is None and self.doors.tokens.too_many:
            raise NotAnsweredError(429, "Too many wrong start tokens; wait a minute.")
        if session is None:
            raise NotAnsweredError(
                401,
                "This address does not start a session: each works once and for a quarter of an hour. "
                "The terminal shows the last one; Ctrl-C there and the same command again give a new one.",
            )
        answer = RedirectResponse(FRONT, 303)
        answer.set_cookie(cookie_name(self.host), session.cookie, path="/", httponly=True, samesite="strict")
        return answer

    async def leave(self, request: Request) -> Response:
        _require_token(request, await _form(request))
        self.doors.leave()
        return HTMLResponse(
            notice_page("The session has ended", "The terminal shows where to start another.")
        )

    def page(self, request: Request) -> Response:
        found = self.pages.page(request.path_params["name"], _session(request).token)
        return _found(found and HTMLResponse(found))

    async def decide(self, request: Request) -> Response:
        """Carry a form out; what was signed is shown at an address of its own, which can be opened again."""
        form = await _form(request)
        _require_token(request, form)
        if self.doors.decisions.too_many:
            raise NotAnsweredError(429, "Too many refused decisions; wait a minute. Nothing was recorded.")
        return await run_in_threadpool(self._decide, request, form)

    def _decide(self, request: Request, form: Mapping[str, str]) -> Response:
        try:
            with self.pages.lock:
                done = carry_out(self.pages.path, form, self.pages.key_file)
        except MonitorError as error:
            self.doors.decisions.failed()
            return self._refused(request, form, error)
        if done.unfinished:
            return self._told(request, done.entry, f"{UNFINISHED} {done.unfinished}", 500)
        return RedirectResponse(f"/signed/{done.entry.sequence}", 303)

    def _refused(self, request: Request, form: Mapping[str, str], error: MonitorError) -> Response:
        """The page as it is now, with the reason above the form and what was typed in it."""
        given = {name: value for name, value in form.items() if name not in SECRET}
        refusal = Refusal(form.get("form", ""), str(error), given)
        try:
            page = self.pages.page(request.path_params["name"], _session(request).token, refusal)
        except MonitorError:
            raise error from None
        if page is None or 'class="refused"' not in page:
            raise error
        return HTMLResponse(page, 503 if isinstance(error, BusyError) else 422)

    def signed(self, request: Request) -> Response:
        """What a decision put on the ledger."""
        entries, sequence = read_chain(self.pages.path / "ledger.jsonl"), request.path_params["sequence"]
        if sequence >= len(entries) or entries[sequence].kind not in KINDS:
            return _found(None)
        return self._told(request, entries[sequence])

    def _told(self, request: Request, entry: Entry, warning: str = "", status: int = 200) -> Response:
        """An entry, and what the ledger makes of it now."""
        path, session = self.pages.path, _session(request)
        state = read_state(path, read_plan(path))
        change = state.changes.get(entry.body.get("change") or "")
        standing = [f"{entry.body.get('alarm')} is closed."]
        if change:
            signatures = [
                f"{spaced(item.role)}: {item.have} of {item.need} signed." for item in change.signatures
            ]
            standing = [f"{change.id} is {spaced(change.state)}.", *signatures]
        told = [warning, *standing] if warning else standing
        return HTMLResponse(signed_page(_record(entry), told, str(path), session.token), status)

    def evidently(self, request: Request) -> Response:
        name = request.path_params["name"]
        page = self.pages.evidently_page(name) if EVIDENTLY_PAGE.fullmatch(name) else None
        return _found(page and HTMLResponse(page, headers={"Content-Security-Policy": SEALED}))

    def dossier(self, request: Request) -> Response:
        name = request.path_params["name"]
        file = self.pages.dossier(request.path_params["change"], name) if name in DOSSIER else None
        headers = {"Content-Security-Policy": VIEWED} if name.endswith(".pdf") else {}
        return _found(file and Response(file, media_type=DOSSIER[name], headers=headers))

    async def nothing(self, _: Request) -> Response:
        return _found(None)


def _session(request: Request) -> Session:
    return request.state.session


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise NotAnsweredError(413, "The form is too large.")
    try:
        return read_form(body)
    except ValueError as error:
        raise NotAnsweredError(400, "This is no form of these pages.") from error


def _require_token(request: Request, form: Mapping[str, str]) -> None:
    session: Session | None = request.state.session
    given = form.get("token", "")
    if session is None or not secrets.compare_digest(given.encode(), session.token.encode()):
        raise NotAnsweredError(403, "This form belongs to another session; open the page again.")


def _found(answer: Response | bytes | str | None) -> Response:
    if not isinstance(answer, Response):
        raise NotAnsweredError(404, "There is no such page.")
    return answer


def _record(entry: Entry) -> dict[str, Any]:
    """The entry as its line has it."""
    found = asdict(entry)
    return {"seq": found["sequence"], "prev": found["previous"], **found}
