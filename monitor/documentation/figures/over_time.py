"""The dossier's figure of observed over expected events in time."""

from __future__ import annotations

from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.canvas import STYLES
from monitor.documentation.figures.ratio_over_time import Event, Series, ratio_over_time

TITLE: Final = "Observed over expected events over time"


def over_time(dossier: Record) -> str:
    """SVG of both calibrators' ratios, with the cohorts at which fit and validation begin."""
    part, account = dossier["calibration_over_time"], dossier["data_account"]
    windows = ((account[name] or {}, label) for name, label in (("fit", "fit"), ("validation", "validation")))
    begun = [Event(str(window["from"]), label) for window, label in windows if window.get("from")]
    series = [
        Series(STYLES[name].label.capitalize(), part[name], filled=name == "candidate")
        for name in ("last_deployed", "candidate")
        if part[name]
    ]
    return ratio_over_time("over-time-figure", TITLE, series, begun)


def has_time(part: Record) -> bool:
    """True when some stretch has a number.

    Example:
        >>> has_time({"last_deployed": [{"value": None}], "candidate": []})
        False
    """
    stretches = [*part["last_deployed"], *part["candidate"]]
    return any(stretch["value"] is not None for stretch in stretches)
