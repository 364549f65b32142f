"""Pages that only a server shows: what was signed, and why something cannot be shown."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Final

from monitor import __version__
from monitor.documentation.blocks import Cell, Code, Facts, Sentence
from monitor.documentation.evidence import Record
from monitor.documentation.html import css_text
from monitor.documentation.review.addresses import change_page, dossier_address
from monitor.documentation.review.desk import Desk
from monitor.documentation.review.loose import part
from monitor.documentation.review.pieces import Command, Links, Part
from monitor.documentation.review.render import rendered
from monitor.documentation.visible import visible
from monitor.documentation.wording import spaced

ROOMS: Final = (
    ("/review/index.html", "All places"),
    ("/review/alarms.html", "Alarms"),
    ("/review/changes.html", "Changes"),
    ("/review/ledger.html", "Ledger"),
)
DONE: Final = {
    "approval": "approved",
    "declined": "declined",
    "rolled_back": "taken back",
    "alarm_closed": "closed",
}
"""What a person did, by the ledger's word for it."""
SAID: Final = (
    ("signer", "Signer"),
    ("role", "Role"),
    ("meaning", "Meaning"),
    ("cause", "Cause"),
    ("reason", "Reason"),
    ("at", "Time"),
)
BOUND: Final = (
    ("plan_sha256", "Plan it binds"),
    ("ledger_head", "Ledger head it binds"),
    ("dossier_sha256", "Dossier it binds"),
    ("key_id", "Key"),
    ("signature", "Signature"),
)


def notice_page(heading: str, text: str) -> str:
    """A page with a heading and a sentence, for whoever has no session too."""
    return _page({"heading": heading, "summary": text, "parts": ()}, None)


def signed_page(entry: Record, standing: Sequence[str], workspace: str, token: str) -> str:
    """What a decision put on the ledger.

    Args:
        entry: The ledger's entry: seq, hash, prev, kind and body.
        standing: Sentences that say what the ledger makes of it now.
        workspace: As the command line names it.
        token: Of the session.
    """
    body, kind = part(entry, "body"), str(entry.get("kind"))
    subject = str(body.get("change") or body.get("alarm"))
    told: list[tuple[str, Cell]] = [(label, _told(key, body[key])) for key, label in SAID if body.get(key)]
    chain: list[tuple[str, Cell]] = [
        ("Entry", str(entry.get("seq"))),
        ("Hash", Code(str(entry.get("hash")))),
        ("Hash of the entry before", Code(str(entry.get("prev")))),
    ]
    chain += [(label, Code(str(body.get(key) or "none"))) for key, label in BOUND if key in body]
    again = Command("To derive it all again", f"pccp verify {shlex.quote(visible(workspace))}")
    parts = (
        Part("now", "What it means now", (*map(Sentence, standing), *_pages_of(body))),
        Part("entry", "On the ledger", (Facts(tuple(chain)), again)),
    )
    heading = f"{subject} {DONE.get(kind, kind)}"
    values = {"heading": heading, "facts": Facts(tuple(told)), "panel": "ok", "parts": parts}
    return _page(values, Desk(token, (), False, {}))


def _pages_of(body: Record) -> tuple[Links, ...]:
    """The way back to the change and to its dossier as it is now."""
    if not body.get("change"):
        return ()
    change = {"id": body["change"], "dossier": True}
    lines = [(f"Page of {body['change']}", f"/review/{change_page(change)}")]
    if address := dossier_address(change):
        lines.append((f"Dossier of {body['change']}, as it is now", address[2:]))
    return (Links(tuple(lines)),)


def _told(key: str, value: Any) -> Cell:
    return spaced(str(value)) if key in ("role", "cause") else str(value)


def _page(values: Record, desk: Desk | None) -> str:
    """A page without a report: it names no place and no patient."""
    heading = str(values["heading"])
    common: dict[str, Any] = {
        "title": heading,
        "heading_mark": None,
        "panel": "",
        "summary": "",
        "facts": None,
        "drawings": {},
        "rooms": ROOMS if desk else (),
        "here": "",
        "as_of": "",
        "software": f"pccp-monitor {__version__}",
        "content": "",
        "running_head": css_text(heading),
        "running_foot": css_text(""),
    }
    return rendered("document.html.j2", {**common, **values}, desk=desk)
