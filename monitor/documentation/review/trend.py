"""Where the stream nearest to its limit comes from: four weeks of looks in a few words."""

from __future__ import annotations

from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.nights import shares
from monitor.documentation.figures.states import label_of, state_of
from monitor.documentation.numbers import FIXED_SPACE, rounded

LOOKS: Final = 28
STEADY: Final = 0.05
"""Of the limit: less is no trend."""


def trend(place: Record, stream: str) -> str:
    """How the evidence of a stream moved, as a share of its limit; empty where nothing is known of before.

    Args:
        place: One site and finding of the report.
        stream: As it is called on the page.

    Example:
        >>> history = [{"night": f"{night:03d}", "n": 5, "log_r": night / 10} for night in range(1, 60)]
        >>> age = {"label": "age", "state": "watch", "log_limit": 10.0, "history": history}
        >>> trend({"streams": [age]}, "age").replace(FIXED_SPACE, " ")
        'up from 31 % 28 looks ago'
        >>> trend({"streams": [{**age, "state": "alarm", "log_limit": 5.0}]}, "age")
        'at its limit since 050'
    """
    named = (item for item in place.get("streams") or [] if label_of(item) == stream)
    found = next(named, {})
    known = [(night, share) for night, share in shares(found).items() if share is not None]
    if state_of(found) == "alarm":
        since = next((night for night, share in known if share >= 1.0), None)
        return f"at its limit since {since}" if since else ""
    if len(known) <= LOOKS:
        return ""
    before, now = known[-LOOKS - 1][1], known[-1][1]
    was = f"{rounded(100 * before, 0)}{FIXED_SPACE}% {LOOKS} looks ago"
    if abs(now - before) < STEADY:
        return f"steady, {was}"
    return f"{'up' if now > before else 'down'} from {was}"
