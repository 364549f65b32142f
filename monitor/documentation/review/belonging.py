"""Which alarms and findings belong to which place, whether they are open, and the way to its page."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.documentation.evidence import Record
from monitor.documentation.review.addresses import place_page
from monitor.documentation.review.loose import many
from monitor.documentation.wording import listed


def same_place(record: Record, place: Record) -> bool:
    """True for a record about this site and finding; one without a finding is about all of them.

    Example:
        >>> harbour = {"site": "Harbour", "finding": "nodule"}
        >>> same_place({"site": "Harbour"}, harbour), same_place({"site": "Hill"}, harbour)
        (True, False)
    """
    finding = record.get("finding")
    return record.get("site") == place.get("site") and finding in (None, place.get("finding"))


def of_place(records: Sequence[Record], place: Record) -> list[Record]:
    """The records that name the place's site and finding."""
    return [record for record in records if same_place(record, place)]


def opened_at(place: Record, report: Record) -> int | None:
    """How many alarms are open at a place; None when the report says nothing about alarms."""
    if not isinstance(report.get("alarms"), list):
        return None
    return sum(map(is_open, of_place(many(report, "alarms"), place)))


def page_of(record: Record, places: Sequence[Record]) -> str:
    """File name of the page about a record; empty where the report has no such place."""
    return next((place_page(place) for place in places if same_place(record, place)), "")


def is_open(alarm: Record) -> bool:
    """True unless the report says that the alarm is closed: an alarm is never lost by a missing state.

    Example:
        >>> is_open({"state": "open"}), is_open({}), is_open({"state": "closed"})
        (True, True, False)
    """
    return alarm.get("state") != "closed"


def alarms_text(report: Record) -> str:
    """How many alarms are open; says so when the report does not know.

    Example:
        >>> alarms_text({"alarms": [{"state": "open"}, {"state": "closed"}]}), alarms_text({})
        ('1 open', 'not computed')
    """
    if not isinstance(report.get("alarms"), list):
        return "not computed"
    return f"{sum(map(is_open, many(report, 'alarms')))} open"


def with_open_alarms(places: Sequence[Record], alarms: Sequence[Record]) -> list[Record]:
    """The places, each with an open alarm in alarm: a status that was not computed hides none.

    Example:
        >>> places = [{"site": "Hill"}, {"site": "Harbour", "status": "ok"}]
        >>> alarms = [{"alarm": "ALM-0001", "site": "Hill"}]
        >>> [place.get("status") for place in with_open_alarms(places, alarms)]
        ['alarm', 'ok']
    """
    return [
        _raised(place, [alarm for alarm in of_place(alarms, place) if is_open(alarm)]) for place in places
    ]


def _raised(place: Record, opened: Sequence[Record]) -> Record:
    if not opened or place.get("status") == "alarm":
        return place
    names = listed([str(alarm.get("alarm")) for alarm in opened])
    return {
        **place,
        "status": "alarm",
        "reason": f"open: {names}; {place.get('reason') or 'no reason is given'}",
    }
