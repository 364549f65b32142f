"""What a quality lead reads in a minute: who needs attention, what is decided next, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from monitor import __version__
from monitor.documentation.evidence import Record
from monitor.documentation.figures.overview import urgent_first
from monitor.documentation.figures.states import PLACE_ORDER, STATUS_WORDS, name_of, status_of
from monitor.documentation.review.decisions import NEVER, when_and_why
from monitor.documentation.review.front import URGENT, headline, lateness
from monitor.documentation.review.loose import many, part
from monitor.documentation.review.place import reason_of

QUIET_DAYS: Final = 7
"""A place without new predictions for so long, while others have some, is named."""


def summary(report: Record, since: Record) -> dict[str, Any]:
    """The record behind the printed page.

    Args:
        report: Of the review pages, cleaned, its places with an open alarm raised to alarm.
        since: What the ledger holds since the packet before: `packet`, `from`, `entries`, counts.
    """
    places = urgent_first(many(report, "sites"))
    freshness = part(report, "freshness")
    return {
        "software": f"pccp-monitor {__version__}",
        "as_of": report.get("as_of"),
        "plan": {key: part(report, "plan").get(key) for key in ("id", "version", "sha256")},
        "headline": headline(places),
        "late": lateness(freshness),
        "status_counts": {status: _having(places, status) for status in PLACE_ORDER},
        "attention": [_attention(place, report) for place in places if status_of(place) in URGENT],
        "waiting": [_waiting(change) for change in many(report, "changes") if _is_waiting(change)],
        "rollbacks": [_named(change) for change in many(report, "changes") if _did_harm(change)],
        "decisions": _decisions(places),
        "since": dict(since),
        "freshness": {
            "last_night": freshness.get("last_night"),
            "missed_nights": freshness.get("missed_nights"),
            "newest_file": _newest_file(report),
            "newest_predictions": max(_arrivals(places), default=None),
            "without_new_predictions": _silent(places),
        },
    }


def _having(places: Sequence[Record], status: str) -> int:
    return sum(status_of(place) == status for place in places)


def _attention(place: Record, report: Record) -> dict[str, Any]:
    """A place, why it is named, and when it will next be decided about."""
    alarms = [
        str(alarm.get("alarm"))
        for alarm in many(report, "alarms")
        if alarm.get("state") != "closed"
        and (alarm.get("site"), alarm.get("finding")) == (place.get("site"), place.get("finding"))
    ]
    return {
        "place": name_of(place),
        "status": status_of(place),
        "word": STATUS_WORDS[status_of(place)],
        "reason": reason_of(place),
        "alarms": alarms,
        "next": _next(place, alarms),
    }


def _next(place: Record, alarms: Sequence[str]) -> list[str]:
    """What is decided next; where an alarm is open and no change is, a person ends it first."""
    when, why = _when(place)
    if alarms and not part(place, "next_decision").get("change"):
        return ["find the cause, then close the alarm", why]
    return [when, why]


def _when(place: Record) -> tuple[str, str]:
    found = part(place, "next_decision")
    return when_and_why(found) if found else ("not computed", "")


def _is_waiting(change: Record) -> bool:
    return change.get("state") == "proposed"


def _waiting(change: Record) -> dict[str, Any]:
    """An accepted change and the roles whose signatures it lacks."""
    roles = [item for item in many(change, "approvals") if item.get("have", 0) < item.get("need", 0)]
    return {
        **_named(change),
        "kind": change.get("kind"),
        "missing": [f"{item.get('role')}: {item.get('have')} of {item.get('need')}" for item in roles],
    }


def _did_harm(change: Record) -> bool:
    return change.get("state") == "deployed" and bool(part(change, "follow_up").get("rollback_proposed"))


def _named(change: Record) -> dict[str, Any]:
    return {"change": change.get("id"), "place": name_of(change)}


def _decisions(places: Sequence[Record]) -> list[dict[str, Any]]:
    """Open changes that still collect, the nearest look first, those that never reach one last."""
    waiting = [place for place in places if part(place, "next_decision").get("state") == "collecting"]
    rows = [(place, _when(place)) for place in waiting]
    rows.sort(key=lambda row: (NEVER if row[1][0] == "never" else row[1][0], name_of(row[0])))
    return [{"place": name_of(place), "when": when, "why": why} for place, (when, why) in rows]


def _newest_file(report: Record) -> str | None:
    batches = many(part(report, "arrivals"), "batches")
    return max((str(batch.get("received_on")) for batch in batches), default=None)


def _arrivals(places: Sequence[Record]) -> list[str]:
    return [str(place["last_arrival"]) for place in places if place.get("last_arrival")]


def _silent(places: Sequence[Record]) -> list[dict[str, str]]:
    """Places whose newest predictions are a week older than those of the others."""
    newest = max(_arrivals(places), default=None)
    if newest is None:
        return []
    oldest = (date.fromisoformat(newest) - timedelta(days=QUIET_DAYS)).isoformat()
    return [
        {"place": name_of(place), "last": str(place["last_arrival"])}
        for place in places
        if place.get("last_arrival") and str(place["last_arrival"]) < oldest
    ]
