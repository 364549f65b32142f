"""The page of the data: what arrived, what was refused and why, what waits, how fresh each place is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from monitor.documentation.blocks import Aside, Cell, Code, Facts, Mark, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.states import name_of
from monitor.documentation.numbers import Number
from monitor.documentation.review.addresses import place_page
from monitor.documentation.review.front import lateness
from monitor.documentation.review.loose import estimate, many, not_computed, part
from monitor.documentation.review.pieces import LinkedTable, Part, Piece
from monitor.documentation.wording import capitalised, counted, spaced

COUNTED = ("stored", "duplicates", "revisions", "rejected", "waiting")
BATCHES = (
    *("Batch", "Log", "Rows read", "Stored", "Repeated", "Revisions", "Refused", "Waiting", "Adds up"),
    "Reasons and notes",
)
FRESH = ("Place", "Last arrival", "Studies", "Late rows", "Exclusion rate")


def arrivals_values(report: Record) -> dict[str, Any]:
    """What the template needs for the page of the data."""
    found = part(report, "arrivals")
    batches = many(found, "batches")
    return {
        "title": "Data",
        "heading": arrivals_heading(batches) if found else "Data: not computed",
        "heading_mark": None,
        "panel": "",
        "summary": lateness(part(report, "freshness")) or "No night is missing.",
        "facts": _facts(found) if found else None,
        "parts": (_batches(batches), _refused(batches), _places(many(found, "places"))),
    }


def arrivals_heading(batches: Sequence[Record]) -> str:
    """How many rows were refused, in one sentence.

    Example:
        >>> arrivals_heading([{"rows_read": 100, "rejected": 3}, {"rows_read": 50, "rejected": 0}])
        '3 of 150 rows in 2 files were refused'
    """
    if not batches:
        return "Nothing has arrived yet"
    rows, refused = (sum(batch.get(key) or 0 for batch in batches) for key in ("rows_read", "rejected"))
    were = "was" if refused == 1 else "were"
    return f"{refused:,} of {counted(rows, 'row')} in {counted(len(batches), 'file')} {were} refused"


def reasons_of(batches: Sequence[Record]) -> list[tuple[str, int]]:
    """Reasons of refusal over all batches, the most frequent first.

    Example:
        >>> reasons_of([{"reasons": {"sentinel_score": 2}}, {"reasons": {"sentinel_score": 1, "no_site": 1}}])
        [('sentinel_score', 3), ('no_site', 1)]
    """
    total: Counter[str] = Counter()
    for batch in batches:
        total.update({str(key): int(value) for key, value in part(batch, "reasons").items()})
    return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))


def _facts(found: Record) -> Facts:
    counts = part(found, "counts")
    named = (
        ("Predictions stored", "predictions"),
        ("Outcomes stored", "outcomes"),
        ("Outcomes that wait for their study", "waiting"),
        ("Rows refused", "rejected"),
        ("Rows repeated", "duplicates"),
    )
    rows: list[tuple[str, Cell]] = [(words, Number(counts.get(key))) for words, key in named]
    return Facts((*rows, ("Exclusions stored", Number(found.get("excluded")))))


def _batches(batches: Sequence[Record]) -> Part:
    if not batches:
        return Part("batches", "Files", (Sentence("No file is on record."),))
    note = "Every row read goes to exactly one of: stored, repeated, revision, refused, waiting."
    caption = "Newest first; a file that came twice changes nothing and stands here once"
    rows = tuple(map(_batch, reversed(batches)))
    return Part("batches", "Files", (Sentence(note), Table("batches", caption, BATCHES, rows)))


def _batch(batch: Record) -> tuple[Cell, ...]:
    adds_up = batch.get("reconciles")
    mark = Mark("met", "yes") if adds_up else Mark("contradicted", "no" if adds_up is False else "not known")
    history = ("as history, each row known on its own day",) if batch.get("as_history") else ()
    return (
        Stack((f"{batch.get('batch')}, {batch.get('received_on') or 'day not known'}", *history)),
        str(batch.get("role")),
        *(Number(batch.get(key)) for key in ("rows_read", *COUNTED)),
        mark,
        _said(batch),
    )


def _said(batch: Record) -> str:
    blank = {"blank_lines": batch["blank_lines"]} if batch.get("blank_lines") else {}
    found = {**part(batch, "reasons"), **part(batch, "notes"), **blank}
    return ", ".join(f"{spaced(str(key))} {value:,}" for key, value in found.items()) or "none"


def _refused(batches: Sequence[Record]) -> Part:
    reasons = reasons_of(batches)
    if not reasons:
        return Part("refused", "Refused rows", (Sentence("No row was refused."),))
    rows = tuple((capitalised(spaced(name)), Number(count)) for name, count in reasons)
    table = Table("reasons", "Reasons over all files", ("Reason", "Rows"), rows)
    pieces: list[Piece] = [table]
    files = tuple(_file(batch) for batch in batches if batch.get("refused_rows"))
    if files:
        where = "Where they lie in the workspace, identifiers as pseudonyms; nothing of them is shown here"
        pieces.append(Table("files", where, ("Batch", "Refused", "File", "There"), files))
    pieces.append(Aside("Mend the export and deliver it again: rows that were stored are not stored twice."))
    return Part("refused", "Refused rows", tuple(pieces))


def _file(batch: Record) -> tuple[Cell, ...]:
    there = Mark("met", "yes") if batch.get("refused_rows_there") else Mark("contradicted", "missing")
    name = f"{batch.get('batch')}, {batch.get('received_on') or 'day not known'}"
    return name, Number(batch.get("rejected")), Code(str(batch["refused_rows"])), there


def _places(places: Sequence[Record]) -> Part:
    if not places:
        return Part("freshness", "Freshness", (not_computed({"reason": "there is no place"}),))
    rows = tuple((place_page(place), _place(place)) for place in sorted(places, key=_oldest_first))
    caption = "Places whose newest prediction is oldest come first"
    return Part("freshness", "Freshness", (LinkedTable("freshness", caption, FRESH, rows),))


def _oldest_first(place: Record) -> tuple[str, str, str]:
    return str(place.get("last_arrival") or ""), str(place.get("site")), str(place.get("finding"))


def _place(place: Record) -> tuple[Cell, ...]:
    excluded = part(place, "exclusions")
    rate = estimate(excluded["rate"]) if excluded.get("rate") else Mark("none", "not computed")
    return (
        name_of(place),
        str(place.get("last_arrival") or "none on record"),
        Number(place.get("studies")),
        Number(place.get("late_rows")),
        rate,
    )
