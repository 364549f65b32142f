"""Every kind of page that the program writes: full, hostile, bare and empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.documentation import index_page, summary, write_dossier
from monitor.documentation.review import write_review
from monitor.documentation.review.desk import Desk, Refusal
from monitor.documentation.review.notices import notice_page, signed_page
from monitor.documentation.review.write import drawable_pages
from tests.browser.dossier_examples import NAMES, example, hostile
from tests.review_examples import bare, report
from tests.review_examples import hostile as hostile_report

REPORTS: dict[str, dict[str, Any]] = {
    "network": report(4, nights=40),
    "hostile": hostile_report(),
    "bare": bare(),
    "empty": {},
    "no-place": report(0, nights=1),
}
SIGNED = ("index", "alarms", "change-")


def write_every_page(folder: Path) -> dict[str, Path]:
    """Write them below a folder; by name, as "network/place-harbour"."""
    return {**dict(_reviews(folder)), **dict(_served(folder)), **dict(_dossiers(folder))}


def _reviews(folder: Path) -> Iterator[tuple[str, Path]]:
    for name, found in REPORTS.items():
        for file in write_review(found, folder / name):
            yield f"{name}/{file.stem}", file


def _served(folder: Path) -> Iterator[tuple[str, Path]]:
    """Pages with the forms of a session, one of them refused, and those between."""
    refused = Refusal("decide", "the key is not of this plan", {"signer": "A person"})
    desk = Desk("token", ("clinical_lead", "quality_lead"), True, {"CHG-0002": "0" * 64}, refused)
    drawn = {name: draw(desk) for name, draw in drawable_pages(REPORTS["network"]).items()}
    pages = {name: page for name, page in drawn.items() if name.startswith(SIGNED)}
    assert sum("<form" in page for page in pages.values()) > 3
    body = {"change": "CHG-0002", "signer": "A person", "role": "quality_lead", "meaning": "read"}
    entry = {"seq": 7, "hash": "0" * 64, "prev": "1" * 64, "kind": "approval", "body": body}
    pages["notice.html"] = notice_page("Signed out", "The session has ended.")
    pages["signed.html"] = signed_page(entry, ["One signature is missing."], "site-network", "token")
    for name, page in pages.items():
        file = folder / "served" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(page, encoding="utf-8")
        yield f"served/{file.stem}", file


def _dossiers(folder: Path) -> Iterator[tuple[str, Path]]:
    issued = {name: example(name).dossier for name in NAMES} | {"hostile": hostile().dossier}
    for name, dossier in issued.items():
        for kind, file in write_dossier(folder / "dossiers" / name, dossier).items():
            if file.suffix in (".html", ".svg"):
                yield f"dossiers/{name}/{kind}", file
    for name, listed in (("index", issued.values()), ("none", ())):
        file = folder / "dossiers" / f"{name}.html"
        file.write_text(index_page([summary(dossier) for dossier in listed]), encoding="utf-8")
        yield f"dossiers/{name}", file
