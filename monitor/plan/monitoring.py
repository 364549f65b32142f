"""How often the logs are looked at, and how often a look may be wrong."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from monitor.plan.types import Closed, PositiveInt, Probability, Text


class Tolerance(Closed):
    """Half-width of the band around the deployed log-odds: `logit + standard_errors * se`."""

    logit: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Error of the calibration that is tolerated, in log-odds.", examples=[0.1]
    )
    standard_errors: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        description="Further tolerance, in standard errors of the deployed calibrator's log-odds.",
        examples=[1],
    )


class CalibrationStream(Closed):
    """The one stream that may open a change: do the deployed probabilities match the outcomes?"""

    weight: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Share of false_alarm_probability this stream may spend.", examples=[0.4]
    )
    tolerance: Tolerance = Field(
        description="Band around the deployed log-odds inside which nothing is an alarm."
    )


class Streams(Closed):
    """The streams that are watched; their weights sum to at most one."""

    calibration: CalibrationStream = Field(description="Calibration of the deployed probabilities.")


class LabelStreams(Closed):
    """Which studies of one patient enter the streams that need outcomes."""

    studies_per_patient: Literal["first"] = Field(description="The first study of a patient in the window.")
    window_days: PositiveInt = Field(
        description="Days before a patient's next study counts again.", examples=[30]
    )


class FloorOfLiveVersion(Closed):
    """The least performance of the version in use; below it a corrective action is opened."""

    auc: Annotated[float, Field(gt=0.5, lt=1.0)] = Field(
        description="Least area under the ROC curve of the raw score at a site.", examples=[0.85]
    )
    on_breach: Literal["corrective_action"] = Field(
        description="A demonstrated breach opens a corrective action, whatever a recalibration does."
    )


class Monitoring(Closed):
    """The looks at the logs, their number, and the probability of a false alarm over all of them."""

    cadence: Literal["daily", "weekly", "monthly", "once"] = Field(
        description="Time between two looks; once for undated logs. Logs of month precision need monthly."
    )
    horizon_looks: PositiveInt = Field(
        description="Number of looks over which false_alarm_probability holds.", examples=[365]
    )
    false_alarm_probability: Probability = Field(
        description="Probability of any false alarm at a site over the horizon, all streams together.",
        examples=[0.05],
    )
    score_reference_rows: Annotated[int, Field(ge=20, le=1_000_000)] = Field(
        description="Number of a site's first scores from which the bets of the stream are set.",
        examples=[100],
    )
    first_cohort: Text | None = Field(
        default=None,
        description="First cohort that is looked at; earlier rows are stored and not judged. "
        "Daily 2026-03-01, weekly 2026-W09, monthly 2026-03.",
    )
    label_streams: LabelStreams | None = Field(
        default=None,
        description="Which studies of a patient count. Required for dated logs, refused for undated ones.",
    )
    streams: Streams = Field(description="The streams that are watched.")
    floor_of_live_version: FloorOfLiveVersion | None = Field(
        default=None, description="Least performance of the version in use; no key, no such check."
    )
