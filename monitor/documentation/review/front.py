"""The first page: what needs attention and why, every place in a table, and all places at one look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from monitor.documentation.blocks import Block, Facts, Mark
from monitor.documentation.evidence import Record
from monitor.documentation.figures.effects import LEGEND as EFFECTS_LEGEND
from monitor.documentation.figures.effects import effect_figure
from monitor.documentation.figures.lane import LEGEND
from monitor.documentation.figures.overview import (
    MOST_PANELS,
    MOST_RANKED,
    panel,
    ranking,
    time_axis,
    urgent_first,
)
from monitor.documentation.figures.states import PLACE_ORDER, STATUS_WORDS, name_of, status_of
from monitor.documentation.numbers import FIXED_SPACE, Number
from monitor.documentation.review.belonging import alarms_text, of_place, page_of
from monitor.documentation.review.loose import listing, many, part
from monitor.documentation.review.place import KINDS
from monitor.documentation.review.rows import named, place_row
from monitor.documentation.wording import counted, listed

MOST_NAMED: Final = 10
URGENT: Final = ("alarm", "watch")
AUDITED: Final = ("finding", "told", "studies", "drawn", "reason")
ANSWERS: Final = {
    "insufficient": "too few patients to tell",
    "not_told": "not seen",
    "told_overall": "yes; prevalence or case mix could explain it",
    "told_within_outcome": "yes, also among studies of one outcome: look for a shortcut",
}


def front_values(report: Record) -> dict[str, Any]:
    """What the template of the first page needs."""
    places = urgent_first(many(report, "sites"))
    alarms = many(report, "alarms")
    attention = [place for place in places if status_of(place) in URGENT]
    return {
        "headline": headline(places),
        "counts": _counts(places),
        "attention": [named(place) for place in attention[:MOST_NAMED]],
        "further": max(0, len(attention) - MOST_NAMED),
        "late": lateness(part(report, "freshness")),
        "facts": _facts(report, len(places)),
        "rows": [place_row(place, report) for place in places],
        "legend": LEGEND,
        "effects_legend": EFFECTS_LEGEND,
        "words": {status: Mark(status, words) for status, words in STATUS_WORDS.items()},
        "findings": _findings(report, places),
        "shortcuts": _shortcuts(many(report, "shortcuts")),
        **_panels(places, alarms),
        **_ranked(places),
    }


def _shortcuts(audits: Sequence[Record]) -> Block:
    rows = [
        {**{key: row.get(key) for key in AUDITED}, "answer": ANSWERS.get(str(row.get("state")))}
        for row in audits
    ]
    return listing("audits", "Can it be told from the score alone?", rows)


def headline(places: Sequence[Record]) -> str:
    """The state of all places in one sentence.

    Example:
        >>> headline([{"status": "alarm"}, {"status": "ok"}]), headline([])
        ('1 of 2 places has an alarm', 'No place is monitored yet')
    """
    alarms = sum(status_of(place) == "alarm" for place in places)
    watched = sum(status_of(place) == "watch" for place in places)
    unknown = sum(status_of(place) == "insufficient" for place in places)
    total = counted(len(places), "place")
    if not places:
        return "No place is monitored yet"
    if alarms:
        return f"{alarms} of {total} {'has' if alarms == 1 else 'have'} an alarm"
    if watched:
        return f"No alarm; {watched} of {total} on watch"
    if unknown:
        return f"No alarm; {unknown} of {total} without enough data to tell"
    return f"No alarm at {total}"


def lateness(freshness: Record) -> str:
    """What is wrong with the freshness of the data; empty when nothing is.

    Example:
        >>> lateness({"last_night": "2026-03-01", "missed_nights": 2})
        '2 nights were missed; the last one read is 2026-03-01.'
        >>> lateness({"last_night": "2026-03-01", "missed_nights": 0})
        ''
    """
    missed, last = freshness.get("missed_nights"), freshness.get("last_night")
    if last is None:
        return "It is not known which night was read last."
    if missed is None:
        return f"It is not known whether nights were missed; the last one read is {last}."
    return (
        f"{counted(missed, 'night')} {'was' if missed == 1 else 'were'} missed; the last one read is {last}."
        if missed
        else ""
    )


def false_alarms(report: Record) -> str:
    """How many false alarms to expect, in one sentence.

    Example:
        >>> false_alarms({"expected_false_alarms": 0.25, "horizon_looks": 365})
        'at most 0.25 over all sites within 365 looks, if nothing changes anywhere'
    """
    expected, each = report.get("expected_false_alarms"), report.get("false_alarm_probability")
    if expected is None:
        return "not computed"
    looks = report.get("horizon_looks")
    within = f" within {counted(looks, 'look')}" if looks else ""
    site = f"; at most {100 * each:.3g}{FIXED_SPACE}% at each site" if each is not None else ""
    return f"at most {expected:.3g} over all sites{within}, if nothing changes anywhere{site}"


def _facts(report: Record, places: int) -> Facts:
    freshness = part(report, "freshness")
    named = report.get("sites_by_e_bh")
    sites = "not computed" if named is None else listed([str(name) for name in named]) or "none"
    return Facts(
        (
            ("Last night read", str(freshness.get("last_night") or "not known")),
            ("Missed nights", Number(freshness.get("missed_nights"))),
            ("Alarms", f"{alarms_text(report)}, {counted(places, 'place')} watched"),
            ("False alarms to expect", false_alarms(report)),
            ("Sites that stand out among all (e-BH)", sites),
        )
    )


def _counts(places: Sequence[Record]) -> list[tuple[str, str, int]]:
    found = [status_of(place) for place in places]
    return [(status, STATUS_WORDS[status], found.count(status)) for status in PLACE_ORDER]


def _findings(report: Record, places: Sequence[Record]) -> list[dict[str, str]] | None:
    """Rows of the table of findings; None when the report says nothing about them."""
    if not isinstance(report.get("findings"), list):
        return None
    return [_finding(finding, places) for finding in many(report, "findings")]


def _finding(finding: Record, places: Sequence[Record]) -> dict[str, str]:
    kind = str(finding.get("kind"))
    return {
        "place": name_of(finding),
        "href": page_of(finding, places),
        "kind": KINDS.get(kind, kind),
        "what": str(finding.get("what")),
        "night": str(finding.get("night") or "not named"),
    }


def _panels(places: Sequence[Record], alarms: Sequence[Record]) -> dict[str, Any]:
    shown, drawn = places[:MOST_PANELS], time_axis(places[:MOST_PANELS])
    several = len({place.get("finding") for place in places}) > 1
    panels = [
        {
            **named(place),
            "short": name_of(place, with_finding=several),
            "svg": panel(place, of_place(alarms, place), drawn, f"panel-{position}"),
        }
        for position, place in enumerate(shown, 1)
    ]
    return {"panels": panels, "panels_of": len(places)}


def _ranked(places: Sequence[Record]) -> dict[str, Any]:
    rows = ranking(places)
    drawn = (
        effect_figure(rows[:MOST_RANKED], "ranking-figure", "Places by their largest effect") if rows else ""
    )
    return {"ranking": drawn, "ranked": min(MOST_RANKED, len(rows)), "ranked_of": len(rows)}
