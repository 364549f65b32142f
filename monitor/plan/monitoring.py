"""How often the logs are looked at, and how often a look may be wrong."""

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


class RateTolerance(Closed):
    """Half-width of the band around a rate of the reference, in log-odds: `logit + standard_errors * se`."""

    logit: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Change of the rate's log-odds that is tolerated.", examples=[0.2]
    )
    standard_errors: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        description="Further tolerance, in standard errors of the reference's log-odds.", examples=[2]
    )


class LocationTolerance(Closed):
    """Half-width of the band around the mean mid-rank of a number."""

    standardized_difference: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Shift that is tolerated, in standard deviations.", examples=[0.1]
    )
    standard_errors: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        description="Further tolerance, in standard errors of the reference's mean mid-rank.", examples=[2]
    )


class FeatureTolerance(LocationTolerance):
    """Bands of numbers, as for `LocationTolerance`, and of the levels of categories."""

    logit: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Change of a level's log-odds that is tolerated.", examples=[0.2]
    )


Weight = Annotated[float, Field(gt=0.0, le=1.0)]


class RateStream(Closed):
    """A stream of one rate or mean."""

    weight: Weight = Field(
        description="Share of false_alarm_probability this stream may spend.", examples=[0.1]
    )
    tolerance: RateTolerance = Field(description="Band around the reference that is no alarm.")


class ShapeStream(Closed):
    """A stream of the place and the spread of one number."""

    weight: Weight = Field(
        description="Share of false_alarm_probability this stream may spend.", examples=[0.05]
    )
    tolerance: LocationTolerance = Field(description="Band around the reference that is no alarm.")


class FeatureStreams(Closed):
    """One stream for each feature of a role."""

    weight: Weight = Field(
        description="Share of false_alarm_probability these streams may spend, in equal parts.",
        examples=[0.35],
    )
    tolerance: FeatureTolerance = Field(description="Bands around the reference that are no alarm.")


class MissingnessStreams(Closed):
    """One stream for each feature: how often its value is missing or not plausible."""

    weight: Weight = Field(
        description="Share of false_alarm_probability these streams may spend, in equal parts.",
        examples=[0.05],
    )
    tolerance: RateTolerance = Field(description="Band around the reference that is no alarm.")


class Streams(Closed):
    """The streams that are watched; their weights sum to at most one."""

    calibration: CalibrationStream = Field(description="Calibration of the deployed probabilities.")
    prevalence: RateStream | None = Field(
        default=None, description="Share of positive outcomes, among studies whose outcome is mature."
    )
    covariates: FeatureStreams | None = Field(
        default=None, description="Declared covariates: place and spread of numbers, shares of levels."
    )
    quality: FeatureStreams | None = Field(
        default=None, description="Declared grades of input quality (role: quality)."
    )
    workflow: FeatureStreams | None = Field(
        default=None, description="Declared measures of the workflow, such as latency (role: workflow)."
    )
    missingness: MissingnessStreams | None = Field(
        default=None, description="Missing and implausible values of everything that is declared."
    )
    score_mean: RateStream | None = Field(
        default=None,
        description="Mean calibrated probability: moves with the prevalence before outcomes are there. "
        "Its tolerance is a change of the prevalence's log-odds.",
    )
    score_shape: ShapeStream | None = Field(default=None, description="Place and spread of the raw score.")
    alert_rate: RateStream | None = Field(
        default=None, description="Share of studies flagged at the authorised threshold."
    )
    agreement: RateStream | None = Field(
        default=None,
        description="Share of studies whose reader agrees with the flag; the rest are overrides.",
    )


class Reference(Closed):
    """What later nights are compared with: a site's own first looks, frozen once."""

    looks: PositiveInt = Field(description="Least number of looks that make the reference.", examples=[90])
    minimum_rows: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        description="Least number of studies in it; the reference grows until they are there.",
        examples=[1000],
    )
    minimum_events: Annotated[int, Field(ge=20, le=1_000_000)] = Field(
        description="Least number of mature outcomes of the rarer class for the prevalence stream.",
        examples=[100],
    )


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
    arrival_days: Annotated[int, Field(ge=0, le=365)] | None = Field(
        default=None,
        description="Days after a cohort ends until its predictions are looked at; later ones are looked at "
        "when they arrive. Needed by every stream that does without outcomes.",
        examples=[1],
    )
    reference: Reference | None = Field(
        default=None,
        description="What later nights are compared with. Needed by every stream but calibration.",
    )
    streams: Streams = Field(description="The streams that are watched.")
    unseen_category: Literal["investigate"] | None = Field(
        default=None,
        description="A level that neither the plan lists nor a site's reference had opens an alarm at "
        "once; no key, no such rule.",
    )
    floor_of_live_version: FloorOfLiveVersion | None = Field(
        default=None, description="Least performance of the version in use; no key, no such check."
    )
