"""What is decided next at a place, as a cell that can be sorted and as a sentence."""

from __future__ import annotations

from typing import Any

from monitor.documentation.blocks import Cell, Mark, Stack
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import rounded
from monitor.documentation.wording import as_sentence, counted

NEVER = "9999"
"""Sorts after every date."""


def decision_cell(found: Record) -> tuple[str, Cell]:
    """The value a column is sorted by, and the cell.

    Example:
        >>> decision_cell({"state": "sign", "on": "2026-05-14", "change": "CHG-0001"})[1].lines
        ('now', 'CHG-0001 waits for signatures')
        >>> decision_cell({})[1].text
        'not computed'
    """
    if not found:
        return "", Mark("none", "not computed")
    when, why = when_and_why(found)
    never = when == "never"
    return NEVER if never else str(found.get("on") or "") if found.get("change") else "", Stack((when, why))


def decision_sentence(found: Record) -> str:
    """The same as a sentence."""
    if not found:
        return "Not computed: the report says nothing about the next decision."
    return as_sentence(": ".join(when_and_why(found)))


def when_and_why(found: Record) -> tuple[str, str]:
    """When the next decision is due, and what it waits for.

    Example:
        Fourteen months at eleven events a month, and the same where no event ever comes.

        >>> wait = {"state": "collecting", "change": "CHG-0001", "stage": "look", "missing": 154}
        >>> wait |= {"look": 1, "looks": 1, "deadline": "2028-01-31"}
        >>> reached = {"on": "2027-03-01", "months": 14.0, "events_per_month": 11, "in_time": True}
        >>> when_and_why({**wait, **reached})
        ('2027-03', 'CHG-0001, look 1 of 1: 154 more events, 14 months at 11 events a month')
        >>> when_and_why({**wait, "on": None, "events_per_month": 0, "in_time": False})
        ('never', 'CHG-0001, look 1 of 1: 154 more events at 0 events a month; insufficient after 2028-01-31')
    """
    return WORDS.get(str(found.get("state")), _unknown)(found)


def _sign(found: Record) -> tuple[str, str]:
    return "now", f"{found.get('change') or 'it'} waits for signatures"


def _approved(found: Record) -> tuple[str, str]:
    return "now", f"{found.get('change') or 'it'} is approved and not yet deployed"


def _collecting(found: Record) -> tuple[str, str]:
    name = f"{found['change']}, " if found.get("change") else ""
    fit = ", after the fit" if found.get("stage") == "fit" else ""
    what = f"{name}look {found.get('look')} of {found.get('looks')}{fit}: {_wait(found)}"
    if found.get("in_time"):
        return _month(found), what
    return "never", f"{what}; insufficient after {found.get('deadline')}"


def _no_change(found: Record) -> tuple[str, str]:
    put_off = f"put off: {str(found['deferred']).rstrip('.')}; " if found.get("deferred") else ""
    if found.get("in_time"):
        return "no change is open", f"{put_off}one opened now: {_wait(found)}"
    return "never", f"{put_off}one opened now: {_wait(found)}, longer than the plan waits"


def _no_attempt_left(found: Record) -> tuple[str, str]:
    return "never", f"every attempt of the plan is used ({found.get('attempts')})"


def _unknown(_: Record) -> tuple[str, str]:
    return "not computed", "the report gives no state"


def _wait(found: Record) -> str:
    """How many events are missing and how long that takes."""
    one = "more event" if found.get("change") or "look" in found else "event"
    missing = counted(int(found.get("missing") or 0), one)
    rate = f"at {_short(found.get('events_per_month'))} events a month"
    months = found.get("months")
    if months is None:
        return f"{missing} {rate}"
    return f"{missing}, {_short(months)} {'month' if months == 1 else 'months'} {rate}"


def _month(found: Record) -> str:
    return str(found.get("on"))[: len("2026-03")]


def _short(value: Any) -> str:
    if value is None:
        return "an unknown number of"
    return rounded(value, 0 if value >= 10 or float(value).is_integer() else 1)


WORDS = {
    "sign": _sign,
    "approved": _approved,
    "collecting": _collecting,
    "no_change": _no_change,
    "no_attempt_left": _no_attempt_left,
}
