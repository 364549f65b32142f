"""The page of one change: verdict and reasons, criteria, windows, calibrators, signatures, command."""

from __future__ import annotations

from typing import Any, Final

from monitor.documentation.blocks import Aside, Bullets, Cell, Code, Facts, Mark, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.states import name_of
from monitor.documentation.numbers import Interval, Number, level_text
from monitor.documentation.review.addresses import anchor, dossier_address
from monitor.documentation.review.belonging import page_of
from monitor.documentation.review.change_figures import change_drawings, figures_part
from monitor.documentation.review.changes import (
    is_open,
    signatures_text,
    state_words,
    verdict_mark,
    verdict_words,
)
from monitor.documentation.review.decisions import decision_sentence
from monitor.documentation.review.desk import Desk
from monitor.documentation.review.loose import many, not_computed, part
from monitor.documentation.review.pieces import Links, Part, Piece
from monitor.documentation.review.signing import signatures_part
from monitor.documentation.sections.criteria import criterion_decimals, limit_text, mark_of
from monitor.documentation.sections.proposal import formula
from monitor.documentation.wording import (
    METHOD_WORDS,
    METRIC_NAMES,
    REQUIRE_WORDS,
    as_sentence,
    counted,
    spaced,
)

PANELS: Final = {"accept": "ok", "reject": "alarm", "insufficient": "insufficient"}
UNDONE: Final = ("declined", "rolled_back", "void")
"""States in which an accepted change is in use nowhere."""


def change_values(change: Record, report: Record, desk: Desk | None = None) -> dict[str, Any]:
    """What the template needs for the page of a change; with a desk, the form that decides it."""
    mark = verdict_mark(change)
    verdict = "" if change.get("state") in UNDONE else str(change.get("verdict"))
    drawings = change_drawings(change)
    return {
        "title": f"{change.get('id')}: {verdict_words(change)}, {name_of(change)}",
        "heading": f"{change.get('id')} · {name_of(change)}",
        "heading_mark": mark,
        "panel": PANELS.get(verdict, "insufficient"),
        "summary": as_sentence(state_words(change)),
        "facts": _facts(change),
        "drawings": drawings,
        "parts": (
            _reasons(change),
            _criteria(change),
            _windows(change),
            figures_part(drawings),
            signatures_part(change, report, desk),
            _elsewhere(change, report),
        ),
    }


def calibrator_line(found: Record) -> str:
    """Before and after in one line.

    Example:
        >>> moved = {"version": "v1", "kind": "intercept", "parameters": {"intercept": 0.88, "slope": 1.0}}
        >>> calibrator_line({"before": None, "after": moved})
        'none → v1: logit(p) = 0.8800 + 1.0000 × logit(score)'
    """
    return " → ".join(_calibrator(part(found, name)) for name in ("before", "after"))


def _calibrator(found: Record) -> str:
    if not found:
        return "none"
    if found.get("kind") == "identity":
        return f"{found.get('version')}: the raw score"
    return (
        f"{found.get('version')}: {formula(found)}" if found.get("parameters") else str(found.get("version"))
    )


def _facts(change: Record) -> Facts:
    alarm = part(change, "alarm")
    rows: list[tuple[str, Cell]] = [
        ("Opened by", f"{change.get('alarm_id')}, night {alarm.get('night') or 'not named'}"),
        ("Attempt at this place", f"{change.get('attempt')} of at most {change.get('attempts')}"),
        ("One-sided alpha", _alpha(change.get("alpha"))),
        ("Signatures", signatures_text(change)),
    ]
    if is_open(change):
        rows.append(("Next decision", decision_sentence(part(change, "next_decision"))))
    return Facts((*rows, *_ended(change)))


def _alpha(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "not known"


def _ended(change: Record) -> list[tuple[str, Cell]]:
    """What became of the change, where something did."""
    rows: list[tuple[str, Cell]] = []
    if change.get("deployed_on"):
        rows.append(("Deployed from", str(change["deployed_on"])))
    if helped := part(change, "follow_up"):
        rows.append(("Did it help?", f"{spaced(str(helped.get('answer')))}, asked {helped.get('night')}"))
    if voided := part(change, "voided"):
        rows.append(("Void because", str(voided.get("reason"))))
    return rows


def _reasons(change: Record) -> Part:
    reasons = change.get("reasons")
    pieces: list[Piece] = []
    if isinstance(reasons, list) and reasons:
        pieces.append(Bullets(tuple(as_sentence(str(reason)) for reason in reasons)))
    else:
        pieces.append(
            Sentence("No verdict has been given." if is_open(change) else "No reason is on record.")
        )
    needed = part(change, "needed")
    if needed.get("events") is not None:
        rate = needed.get("events_per_month")
        volume = f" at {rate:.3g} events a month" if isinstance(rate, int | float) else ""
        when = f"{needed['forecast']}{volume}" if needed.get("forecast") else f"never{volume}"
        missing = counted(int(needed["events"]), "more event")
        names = ("Events still needed", "Expected") if is_open(change) else ("It lacked", "There by")
        pieces.append(Facts(((names[0], missing), (names[1], when))))
    return Part("reasons", "Verdict and reasons", tuple(pieces))


def _criteria(change: Record) -> Part:
    rows = many(change, "criteria")
    if not rows:
        return Part("criteria", "Criteria", (not_computed({"reason": "no criterion is on record"}),))
    level = next((part(row, "estimate").get("level") for row in rows if row.get("estimate")), None)
    words = f" ({level_text((1 - level) / 2)} interval)" if isinstance(level, float) else ""
    columns = ("Criterion", "Required", "Limit", f"Estimate{words}", "Studies", "Status", "Events needed")
    table = Table("gates", "Limits were fixed beforehand", columns, tuple(map(_criterion, rows)))
    return Part("criteria", "Criteria", (table,))


def _criterion(row: Record) -> tuple[Cell, ...]:
    found = part(row, "estimate")
    estimate: Cell = Mark("none", "not evaluated")
    studies: Cell = "none"
    if found.get("value") is not None:
        ends = (found.get("value"), found.get("low"), found.get("high"))
        estimate = Stack((Interval(*ends, criterion_decimals(row)), str(row.get("unit"))))
        studies = Stack((Number(found.get("n")), Number(found.get("events"), unit="events")))
    missing = row.get("missing_events")
    metric = str(row.get("metric"))
    against = f", against the {spaced(str(row['against']))}" if row.get("against") else ""
    return (
        Stack((str(row.get("id")), METRIC_NAMES.get(metric, metric) + against)),
        REQUIRE_WORDS.get(str(row.get("require")), "not known"),
        limit_text(row) if part(row, "pre_specified") else "not known",
        estimate,
        studies,
        Mark(str(mark_of({"status": "not_evaluated", **row})), str(row.get("status_words") or "not known")),
        "none" if missing is None else Number(missing),
    )


def _windows(change: Record) -> Part:
    windows = (("Fitting", part(change, "fit")), ("Validation", part(change, "validation")))
    rows = tuple(_window(name, found) for name, found in windows)
    columns = ("Window", "From", "To", "Studies", "Events")
    table = Table("windows", "Cohorts that fitted and that judged; no patient is in both", columns, rows)
    found = part(change, "calibrators")
    kind = part(found, "after").get("kind")
    method = METHOD_WORDS.get(str(kind), "no candidate was frozen")
    facts = Facts((("Calibrator", Code(calibrator_line(found))), ("Method", method)))
    return Part("windows", "Windows and calibrator", (table, facts))


def _window(name: str, found: Record) -> tuple[Cell, ...]:
    days = [str(found.get(key) or "none") for key in ("from", "to")]
    return name, *days, Number(found.get("n")), Number(found.get("events"))


def _elsewhere(change: Record, report: Record) -> Part:
    """The way to the dossier, the place, the alarm and the plan."""
    plan = part(change, "plan")
    dossier, place = dossier_address(change), page_of(change, many(report, "sites"))
    forms = {name: dossier_address(change, name.lower()) for name in ("PDF", "JSON")}
    alarm = str(change.get("alarm_id"))
    known = any(str(item.get("alarm")) == alarm for item in many(report, "alarms"))
    lines = [
        (f"Dossier of {change.get('id')}", dossier),
        *((f"The same as {name}", address) for name, address in forms.items()),
        (f"Place: {name_of(change)}", place),
        (f"Alarm {alarm}", f"alarms.html#{anchor({'alarm': alarm})}" if known else None),
        (f"Plan, version {plan.get('version') or 'not known'} when this change was opened", "plan.html"),
    ]
    links = Links(tuple((text, href) for text, href in lines if href))
    pieces: list[Piece] = [links]
    if dossier is None:
        pieces.append(Aside("No dossier is on disk; a night writes it once there is a verdict."))
    return Part("elsewhere", "Dossier, place and plan", tuple(pieces))
