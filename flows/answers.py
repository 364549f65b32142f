"""What `pccp apply` prints: one line for a person, one record for a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.operation.reading.live import Answer, Live


def answer_line(answer: Answer) -> str:
    """Probability, side of the threshold and "unknown" where the calibrator abstains, in columns.

    Example:
        >>> from monitor.operation.reading.live import Answer
        >>> answer_line(Answer(0.3, 0.25, None, None)), answer_line(Answer(0.3, 0.25, True, True))
        ('0.25', '0.25\\tabove\\tunknown')
    """
    side = {True: ["above"], False: ["below"], None: []}[answer.flagged]
    unknown = ["unknown"] if answer.abstains else []
    return "\t".join([f"{answer.probability:.10g}", *side, *unknown])


def live_answers(live: Live, answers: list[Answer]) -> dict[str, Any]:
    """The machine-readable form: what is in use, and an answer for each score."""
    return {
        "site": live.place.site,
        "finding": live.place.finding,
        "calibrator": live.calibrator.as_record(),
        "raw_threshold": live.raw_threshold,
        "probability_threshold": live.probability_threshold,
        "scores": [answer.as_record() for answer in answers],
    }
