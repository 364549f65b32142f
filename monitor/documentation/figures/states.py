"""States of streams and places: each with its own sign and word, and the order in which they are read."""

from __future__ import annotations

from typing import Final

from monitor.documentation.evidence import Record

PLACE_ORDER: Final = ("alarm", "watch", "insufficient", "ok")
"""Most urgent first."""
STATUS_WORDS: Final = {"alarm": "Alarm", "watch": "Watch", "insufficient": "Insufficient", "ok": "OK"}
STATE_WORDS: Final = {
    "quiet": "quiet",
    "watch": "watch",
    "alarm": "alarm",
    "collecting": "collecting",
    "insufficient": "insufficient",
    "no_rows": "no rows",
    "degraded": "degraded",
}
SIGNS: Final = {
    "alarm": "▲",
    "watch": "◆",
    "insufficient": "○",
    "ok": "✓",
    "quiet": "✓",
    "collecting": "○",
    "no_rows": "–",
    "degraded": "◐",
}
GROUP_WORDS: Final = {
    "calibration": "Calibration",
    "prevalence": "Prevalence",
    "covariates": "Covariates",
    "missingness": "Missing and invalid values",
    "score": "Score",
    "quality": "Input quality",
    "workflow": "Workflow",
    "readers": "Readers",
}
"""Groups of streams in the order in which they are read."""
UNKNOWN: Final = "insufficient"
"""What a state is that nobody computed: never success."""


def status_of(place: Record) -> str:
    """Status of a place; insufficient where none of the known ones was computed.

    Example:
        >>> status_of({"status": "ok"}), status_of({}), status_of({"status": "fine"})
        ('ok', 'insufficient', 'insufficient')
    """
    status = place.get("status")
    return status if status in STATUS_WORDS else UNKNOWN


def state_of(stream: Record) -> str:
    """State of a stream; insufficient where none of the known ones was computed."""
    state = stream.get("state")
    return state if state in STATE_WORDS else UNKNOWN


def label_of(stream: Record) -> str:
    """What a stream is called on a page.

    Example:
        >>> label_of({"stream": "covariate:age"}), label_of({"stream": "covariate:age", "label": "age"})
        ('covariate:age', 'age')
    """
    return str(stream.get("label") or stream.get("stream") or "stream without a name")


def grouped(place: Record) -> list[tuple[str, list[Record]]]:
    """The streams of a place by group, groups in reading order, unknown ones last.

    Example:
        >>> streams = [{"label": "age", "group": "covariates"}, {"label": "slope", "group": "calibration"}]
        >>> [(words, len(streams)) for words, streams in grouped({"streams": streams})]
        [('Calibration', 1), ('Covariates', 1)]
    """
    found: dict[str, list[Record]] = {group: [] for group in GROUP_WORDS}
    for stream in place.get("streams") or []:
        found.setdefault(str(stream.get("group") or "other"), []).append(stream)
    return [
        (GROUP_WORDS.get(group, group.capitalize()), members) for group, members in found.items() if members
    ]


def name_of(place: Record, *, with_finding: bool = True) -> str:
    """Site and finding as one text.

    Example:
        >>> name_of({"site": "Harbour", "finding": "nodule"}), name_of({"finding": None})
        ('Harbour · nodule', 'site without a name')
    """
    site, finding = str(place.get("site") or "site without a name"), place.get("finding")
    return f"{site} · {finding}" if finding and with_finding else site
