"""The dashboard of alarms: open with what to do, those that come back, closed with their cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from monitor.documentation.blocks import Cell, Facts
from monitor.documentation.evidence import Record
from monitor.documentation.figures.states import name_of
from monitor.documentation.numbers import Number
from monitor.documentation.review.addresses import CAUSES, anchor, close_command
from monitor.documentation.review.belonging import is_open, page_of
from monitor.documentation.review.desk import Desk, close_form
from monitor.documentation.review.loose import many, part
from monitor.documentation.wording import as_sentence, spaced

AGAIN: Final = 2
"""From this recurrence on an alarm is one that came back."""


class Alarm(NamedTuple):
    """An alarm of the report and the page of its place, empty where there is none."""

    found: Record
    page: str

    @property
    def times(self) -> int:
        """The how-manieth alarm of its stream it is."""
        return self.found.get("recurrence") or 1


def alarms_values(report: Record, desk: Desk | None = None) -> dict[str, Any]:
    """What the template of the alarm dashboard needs."""
    places = many(report, "sites")
    alarms = [Alarm(found, page_of(found, places)) for found in sorted(many(report, "alarms"), key=_order)]
    workspace = str(report.get("workspace") or "WORKSPACE")
    return {
        "opened": [_open(alarm, workspace, desk) for alarm in alarms if is_open(alarm.found)],
        "again": [_common(alarm) for alarm in latest(alarms)],
        "closed": [_closed(alarm) for alarm in reversed(alarms) if not is_open(alarm.found)],
        "causes": CAUSES,
        "known": isinstance(report.get("alarms"), list),
    }


def latest(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Streams that alarmed again, the most frequent first, each once with its latest alarm."""
    found: dict[tuple[str, str, str], Alarm] = {}
    for alarm in alarms:
        if alarm.times >= AGAIN:
            site, finding, stream = (str(alarm.found.get(key)) for key in ("site", "finding", "stream"))
            found[site, finding, stream] = alarm
    return sorted(found.values(), key=lambda alarm: (-alarm.times, *_order(alarm.found)))


def _order(alarm: Record) -> tuple[str, str]:
    return str(alarm.get("night")), str(alarm.get("alarm"))


def _common(alarm: Alarm) -> dict[str, Any]:
    found = alarm.found
    return {
        "id": str(found.get("alarm")),
        "anchor": anchor(found),
        "place": name_of(found),
        "href": alarm.page,
        "label": str(found.get("label") or found.get("stream") or "stream not named"),
        "night": str(found.get("night") or "not named"),
        "effect": as_sentence(str(found.get("effect") or "effect not computed")),
        "change": found.get("change"),
        "open": is_open(found),
        "times": alarm.times,
    }


def _open(alarm: Alarm, workspace: str, desk: Desk | None) -> dict[str, Any]:
    found, again = alarm.found, alarm.times >= AGAIN
    rows: list[tuple[str, Cell]] = [
        ("Since night", str(found.get("night") or "not named")),
        ("Effect", str(found.get("effect") or "not computed")),
        ("Evidence (log R)", Number(found.get("log_r"), 2)),
        ("Limit", Number(found.get("log_limit"), 2)),
        ("Recurrence", f"number {alarm.times} of this stream" if again else "the first of this stream"),
        ("Change", str(found.get("change") or "none was opened")),
    ]
    command = close_command(str(found.get("alarm")), workspace)
    form = close_form(found, desk) if desk else None
    return {**_common(alarm), "facts": Facts(tuple(rows)), "command": command, "form": form}


def _closed(alarm: Alarm) -> dict[str, Any]:
    found = part(alarm.found, "closed")
    words = {key: str(found.get(key) or "not recorded") for key in ("by", "role", "cause", "reason")}
    day = str(found.get("at") or "day not recorded")[: len("day not recorded")].partition("T")[0]
    return {**_common(alarm), **words, "role": spaced(words["role"]), "at": day}
