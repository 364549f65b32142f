"""SQL for the times of a log: the local day of a cell, and the cohort a day belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.errors import PlanError
from monitor.plan.model import ChangePlan
from monitor.store.connection import literal

DAY = r"\d{4}-\d{2}-\d{2}"
MONTH = r"\d{4}-\d{2}"
CLOCK = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)"
MIDNIGHT = r"([T ]00:00(:00(\.0+)?)?)?"
NUMBER_OF_DAYS = r"[+-]?\d{1,6}(\.\d*)?"


@dataclass(frozen=True)
class Time:
    """How a cell of text is read as a time: SQL expressions and conditions over one column.

    Attributes:
        day: The local day (a month's first day), or null where the cell cannot be read.
        last_day: The last day the cell can mean: the day itself, or the month's last day.
        local: The local time (TIMESTAMP), null unless the precision is a second.
        zone_missing: Condition: readable but for the time zone that neither cell nor plan gives.
    """

    day: str
    last_day: str
    local: str
    zone_missing: str


def time_of(plan: ChangePlan, cell: str, *, lenient: bool = False) -> Time:
    """The reading of `cell` at the plan's precision; `lenient` takes days and seconds for each other."""
    precision = plan.logs.predictions.time_precision
    match precision:
        case "second":
            return _second(plan, cell, lenient=lenient)
        case "day":
            return _second(plan, cell, lenient=True) if lenient else _plain(_day(cell))
        case "month":
            first = f"CASE WHEN {_is(cell, MONTH)} THEN TRY_CAST({cell} || '-01' AS DATE) END"
            return Time(first, f"last_day({first})", "NULL::TIMESTAMP", "false")
        case "integer_day":
            zero = literal(plan.logs.predictions.day_zero or "")
            number = (
                f"CASE WHEN {_is(cell, NUMBER_OF_DAYS)} THEN floor(TRY_CAST({cell} AS DOUBLE))::INTEGER END"
            )
            return _plain(f"(DATE {zero} + ({number}))")
        case "none":
            return _plain(_day(cell))


def _plain(day: str) -> Time:
    return Time(day, day, "NULL::TIMESTAMP", "false")


def _is(cell: str, pattern: str) -> str:
    return f"regexp_full_match({cell}, {literal(pattern)})"


def _day(cell: str) -> str:
    return f"CASE WHEN {_is(cell, DAY + MIDNIGHT)} THEN TRY_CAST({cell}[:10] AS DATE) END"


def _second(plan: ChangePlan, cell: str, *, lenient: bool) -> Time:
    """ISO 8601. Without an offset the plan's zone holds; with one the local day there is taken."""
    zone = plan.logs.predictions.timezone
    written = f"{_is(cell, DAY + CLOCK)}"
    offset = f"{_is(cell, DAY + CLOCK + ZONE)}"
    moved = f"timezone({literal(zone or 'UTC')}, TRY_CAST({cell} AS TIMESTAMPTZ))"
    needs_zone = written if zone is None and not lenient else "false"
    as_written = "NULL" if needs_zone != "false" else f"TRY_CAST({cell} AS TIMESTAMP)"
    local = f"CASE WHEN {written} THEN {as_written} WHEN {offset} THEN {moved} END"
    day = f"CAST({local} AS DATE)"
    if lenient:
        day = f"coalesce({day}, CASE WHEN {_is(cell, DAY)} THEN TRY_CAST({cell} AS DATE) END)"
    return Time(day, day, local, needs_zone)


@dataclass(frozen=True)
class CohortOf:
    """SQL for the cohort key of `day` and the cohort's last day."""

    key: str
    end: str


def cohort_of(plan: ChangePlan, day: str) -> CohortOf:
    """The maturity cohort by the plan's cadence.

    Raises:
        PlanError: The cadence cannot be cut from times of this precision.
    """
    cadence = plan.monitoring.cadence
    precision = plan.logs.predictions.time_precision
    if cadence == "once" or (precision == "month" and cadence != "monthly"):
        raise PlanError(f"monitoring.cadence: {cadence} does not fit time_precision {precision}")
    if cadence == "daily":
        return CohortOf(f"strftime({day}, '%Y-%m-%d')", day)
    if cadence == "weekly":
        return CohortOf(f"strftime({day}, '%G-W%V')", f"(date_trunc('week', {day})::DATE + 6)")
    return CohortOf(f"strftime({day}, '%Y-%m')", f"last_day({day})")
