"""Calibration of a place: of late, over time and by subgroup, drawn and as tables of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.documentation.blocks import Cell, Drawing, Facts, Mark, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.forest import MOST_ROWS, Axis, Row, forest
from monitor.documentation.figures.ratio_over_time import LEGEND, Event, Series, ratio_over_time
from monitor.documentation.figures.reliability_in_use import LEGEND as RELIABILITY_LEGEND
from monitor.documentation.figures.reliability_in_use import reliability_in_use
from monitor.documentation.figures.states import name_of
from monitor.documentation.numbers import Interval, Number, rounded
from monitor.documentation.review.loose import estimate, many, not_computed, part
from monitor.documentation.review.pieces import Part, Piece
from monitor.documentation.wording import counted

RELIABILITY: Final = "reliability"
TIME: Final = "over-time"
SUBGROUPS: Final = "subgroups"
NAMES: Final = {
    "observed_expected": "Observed over expected events",
    "intercept": "Calibration in the large (log-odds; 0 is right)",
    "slope": "Calibration slope (1 is right)",
}
AXIS: Final = Axis("Observed over expected events (ratio)", 1.0, "more events than expected")


def calibration_drawings(place: Record) -> dict[str, str]:
    """The figures of the parts that have numbers."""
    drawn: dict[str, str] = {}
    if groups := _groups(place):
        title = f"Reliability diagram of {name_of(place)}"
        found = {**part(place, "calibration_in_use"), "groups": groups}
        drawn[RELIABILITY] = reliability_in_use("reliability-figure", title, found)
    if periods := _periods(place):
        found = part(place, "calibration_over_time")
        events = [Event(str(item.get("from")), str(item.get("version"))) for item in many(found, "in_use")]
        title = f"Observed over expected events at {name_of(place)} over time"
        series = [Series("Calibrator in use then", periods, filled=False)]
        drawn[TIME] = ratio_over_time("over-time-figure", title, series, events)
    if rows := many(part(place, "calibration_by_subgroup"), "subgroups"):
        title = f"Observed over expected events at {name_of(place)} by subgroup"
        drawn[SUBGROUPS] = forest("subgroups-figure", title, [_row(found) for found in rows], AXIS)
    return drawn


def in_use_part(place: Record, drawings: Mapping[str, str]) -> Part:
    """Whether the probabilities that the place is given now are right, by what came true since."""
    found = part(place, "calibration_in_use")
    title = "Calibration in use"
    groups = _groups(place)
    if not groups:
        return Part("reliability", title, (not_computed(found),))
    said = (
        f"Calibrator {found.get('version')} on the {counted(int(found.get('n') or 0), 'study', 'studies')} "
        f"with a mature outcome since it is in use, cohorts {found.get('from')} to {found.get('to')} "
        f"({counted(int(found.get('events') or 0), 'event')} of the rarer class):"
    )
    drawn = [Drawing(RELIABILITY, RELIABILITY_LEGEND)] if RELIABILITY in drawings else []
    columns = ("Predicted", "Observed (95 % interval)", "Studies", "Events (rarer class)")
    table = Table(
        "reliability", "Predicted and observed, the same numbers", columns, tuple(map(_group, groups))
    )
    estimates = _estimates(part(found, "estimates"))
    return Part("reliability", title, (Sentence(said), estimates, *drawn, table))


def over_time_part(place: Record, drawings: Mapping[str, str]) -> Part:
    """Whether as many events came as the probabilities said at their time."""
    found = part(place, "calibration_over_time")
    title = "Calibration over time"
    now = _estimates(part(place, "calibration"))
    held = Sentence(
        "The calibrator in use now on every mature study held, also on those from before it was in use:"
    )
    pieces: list[Piece] = [held, now] if now.rows and not _groups(place) else []
    periods = _periods(place)
    if not periods:
        return Part("calibration", title, (*pieces, not_computed(found)))
    pieces += [Sentence("Each study by the calibrator that was in use for it then:")]
    pieces += [Drawing(TIME, LEGEND)] if TIME in drawings else []
    columns = ("Cohorts", "Observed over expected (95 % interval)", "Observed", "Expected", "Studies")
    table = Table(
        "over-time", "Observed over expected, the same numbers", columns, tuple(map(_period, periods))
    )
    return Part("calibration", title, (*pieces, table))


def subgroups_part(place: Record, drawings: Mapping[str, str]) -> Part:
    """The same by subgroup; one with too few events says what is needed."""
    found = part(place, "calibration_by_subgroup")
    rows, title = many(found, "subgroups"), "Calibration by subgroup"
    if not rows:
        return Part("subgroups", title, (not_computed(found),))
    said = (
        f"Outcomes of cohorts from {found.get('from')} under calibrator {found.get('version')}. The "
        "intervals are for reading, each on its own; with many subgroups some leave 1 out by chance."
    )
    more = f" {MOST_ROWS} of {len(rows)} are drawn." if len(rows) > MOST_ROWS else ""
    caption = f"Ratio with its 95 % interval; filled diamond: the interval leaves 1 out.{more}"
    drawn = [Drawing(SUBGROUPS, caption)] if SUBGROUPS in drawings else []
    columns = ("Subgroup", "Observed over expected (95 % interval)", "Observed", "Studies")
    table = Table("subgroups", "By subgroup, the same numbers", columns, tuple(map(_subgroup, rows)))
    return Part("subgroups", title, (Sentence(said), *drawn, table))


def _estimates(found: Record) -> Facts:
    return Facts(tuple((name, estimate(value)) for key, name in NAMES.items() if (value := found.get(key))))


def _groups(place: Record) -> list[Record]:
    """Groups of the reliability diagram with every number that the figure needs."""
    found = part(place, "calibration_in_use")
    if not part(found, "histogram"):
        return []
    wanted = ("predicted", "observed", "low", "high")
    return [group for group in many(found, "groups") if all(group.get(key) is not None for key in wanted)]


def _group(found: Record) -> tuple[Cell, ...]:
    return (
        Number(found.get("predicted"), 3),
        Interval(found.get("observed"), found.get("low"), found.get("high"), 3),
        Number(found.get("n")),
        Number(found.get("events")),
    )


def _periods(place: Record) -> list[Record]:
    """Stretches with every number that a figure needs."""
    wanted = ("from", "to", "value", "low", "high")
    periods = many(part(place, "calibration_over_time"), "periods")
    return [found for found in periods if all(found.get(key) is not None for key in wanted)]


def _period(found: Record) -> tuple[Cell, ...]:
    return (
        f"{found['from']} to {found['to']}",
        Interval(found["value"], found["low"], found["high"], 2),
        Number(found.get("observed")),
        Number(found.get("expected"), 1),
        Number(found.get("n")),
    )


def _subgroup(found: Record) -> tuple[Cell, ...]:
    reason = found.get("reason")
    ends = (found.get("value"), found.get("low"), found.get("high"))
    ratio: Cell = Mark("insufficient", str(reason)) if reason else Interval(*ends, 2)
    return str(found.get("subgroup")), ratio, Number(found.get("observed")), Number(found.get("n"))


def _row(found: Record) -> Row:
    name, value, low, high = (found.get(key) for key in ("subgroup", "value", "low", "high"))
    studies = counted(int(found.get("n") or 0), "study", "studies")
    if value is None or low is None or high is None:
        reason = str(found.get("reason") or "no value")
        return Row(str(name), reason, f"{reason}, {studies}", None, None, None, None, beyond=False)
    text = f"{rounded(value, 2)} ({rounded(low, 2)} to {rounded(high, 2)})"
    beyond = low > 1.0 or high < 1.0
    said = f"{text}, {studies}{'; the interval leaves 1 out' if beyond else ''}"
    return Row(str(name), f"{text}; {studies}", said, value, low, high, None, beyond=beyond)
