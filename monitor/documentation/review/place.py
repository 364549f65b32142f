"""The page of one place: its state in a few facts, then one part for each thing that is monitored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.documentation.blocks import Cell, Facts, Mark, Sentence
from monitor.documentation.evidence import Record
from monitor.documentation.figures.overview import share_now
from monitor.documentation.figures.states import STATUS_WORDS, label_of, name_of, status_of
from monitor.documentation.figures.tolerances import estimate_text
from monitor.documentation.numbers import Number
from monitor.documentation.review.addresses import anchor
from monitor.documentation.review.belonging import of_place, opened_at
from monitor.documentation.review.calibration import (
    calibration_drawings,
    in_use_part,
    over_time_part,
    subgroups_part,
)
from monitor.documentation.review.changes import place_changes_part
from monitor.documentation.review.explanations import domain_part, explanations_part, second_opinion_part
from monitor.documentation.review.loose import many, not_computed, part
from monitor.documentation.review.outcomes import outcomes_part
from monitor.documentation.review.pieces import Links, Part, Piece
from monitor.documentation.review.readers import exclusions_part, readers_part
from monitor.documentation.review.streams import effects_part, place_drawings, quality_part, streams_part
from monitor.documentation.review.trend import trend
from monitor.documentation.review.without_outcomes import performance_part, prevalence_part
from monitor.documentation.wording import as_sentence, counted

KINDS = {"unseen_category": "Never seen before", "unknown_model_version": "Unknown model version"}


def place_values(place: Record, report: Record) -> dict[str, Any]:
    """What the template of a place's page needs.

    Args:
        place: One site and finding of the report.
        report: The whole report, for the alarms and findings of this place.
    """
    alarms = of_place(many(report, "alarms"), place)
    drawings = {**place_drawings(place, alarms), **calibration_drawings(place)}
    return {
        "title": name_of(place),
        "status": status_of(place),
        "status_words": STATUS_WORDS[status_of(place)],
        "reason": reason_of(place),
        "facts": _facts(place, opened_at(place, report)),
        "parts": place_parts(place, report, drawings),
        "drawings": drawings,
    }


def place_parts(place: Record, report: Record, drawings: Mapping[str, str]) -> tuple[Part, ...]:
    """Every part of the page, in the order in which a reviewer asks."""
    alarms, findings = (of_place(many(report, key), place) for key in ("alarms", "findings"))
    return (
        alarms_part(alarms, findings, known=isinstance(report.get("alarms"), list)),
        place_changes_part(place, report),
        streams_part(place, drawings),
        effects_part(place, drawings),
        explanations_part(place),
        prevalence_part(place),
        performance_part(place),
        in_use_part(place, drawings),
        over_time_part(place, drawings),
        subgroups_part(place, drawings),
        outcomes_part(place),
        readers_part(place),
        exclusions_part(place),
        quality_part(place),
        domain_part(place),
        second_opinion_part(place),
    )


def alarms_part(alarms: Sequence[Record], findings: Sequence[Record], *, known: bool) -> Part:
    """Alarms of the place with a way to each, and what was found without statistics."""
    lines = tuple((alarm_line(alarm), f"alarms.html#{anchor(alarm)}") for alarm in alarms)
    none = Sentence("No alarm is on record for this place.") if known else not_computed({})
    pieces: list[Piece] = [Links(lines) if lines else none]
    pieces += [Sentence(finding_line(finding)) for finding in findings]
    return Part("alarms", "Alarms and findings", tuple(pieces))


def alarm_line(alarm: Record) -> str:
    """One alarm in one line.

    Example:
        >>> alarm_line({"alarm": "ALM-0001", "night": "2026-02-03", "label": "age", "state": "open"})
        'ALM-0001, night 2026-02-03, age: open'
    """
    label = alarm.get("label") or alarm.get("stream") or "stream not named"
    night, state = alarm.get("night") or "not named", alarm.get("state") or "open"
    return f"{alarm.get('alarm')}, night {night}, {label}: {state}"


def finding_line(finding: Record) -> str:
    """One deterministic finding in one sentence.

    Example:
        >>> finding_line({"kind": "unseen_category", "what": "vendor Acme", "night": "2026-02-03"})
        'Never seen before, night 2026-02-03: vendor Acme.'
    """
    kind = KINDS.get(str(finding.get("kind")), str(finding.get("kind")))
    return f"{kind}, night {finding.get('night') or 'not named'}: {str(finding.get('what')).rstrip('.')}."


def reason_of(place: Record) -> str:
    """Why the place has its status, as a sentence; says so when nothing was computed.

    Example:
        >>> reason_of({"status": "ok", "reason": "no stream above half of its limit"}), reason_of({})
        ('No stream above half of its limit.', 'No status was computed.')
    """
    if place.get("reason"):
        return as_sentence(str(place["reason"]))
    return "No reason is given." if place.get("status") in STATUS_WORDS else "No status was computed."


def _facts(place: Record, opened: int | None) -> Facts:
    share, stream = share_now(place)
    nearest: Cell = Mark("none", "not computed")
    if share is not None:
        moved = f", {told}" if (told := trend(place, stream)) else ""
        nearest = f"{Number(share, 0, percent=True).text} of the limit ({stream}){moved}"
    late = place.get("late_rows")
    return Facts(
        (
            ("Open alarms", Number(opened)),
            ("Nearest to its limit now", nearest),
            ("Studies", Number(place.get("studies"))),
            ("Events (rarer class)", Number(place.get("events"))),
            ("Last arrival", str(place.get("last_arrival") or "none on record")),
            ("Late rows", "not computed" if late is None else counted(late, "row")),
            ("Largest effect", _largest(place)),
        )
    )


def largest_stream(place: Record) -> str:
    """What the stream of the largest effect is called on a page.

    Example:
        >>> streams = [{"stream": "missingness:age", "label": "age missing"}]
        >>> largest_stream({"streams": streams, "largest_effect": {"stream": "missingness:age"}})
        'age missing'
    """
    found = part(place, "largest_effect")
    same = (stream for stream in many(place, "streams") if stream.get("stream") == found.get("stream"))
    return label_of(next(same, found))


def _largest(place: Record) -> Cell:
    found = part(place, "largest_effect")
    if found.get("value") is None:
        return Mark("none", "not computed")
    text = estimate_text(found.get("value"), found.get("low"), found.get("high"))
    return f"{largest_stream(place)}: {text} {found.get('unit') or ''}".strip()
