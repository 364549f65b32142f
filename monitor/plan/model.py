"""The change-control plan as one typed, closed, strict object.

Words and order follow the FDA guidance on predetermined change control plans. Every key is used by
the program or printed in every dossier; nothing here is decoration and no limit has a default.
"""

from typing import Annotated

from pydantic import Field

from monitor.plan.criteria import (
    AlertRateCriterion,
    AreaCriterion,
    Criterion,
    LossCriterion,
    ProportionCriterion,
    RatioCriterion,
)
from monitor.plan.device import Authorization, Claim, Device, Finding, Findings, PlanIdentity
from monitor.plan.logs import (
    CategoricalCovariate,
    ContinuousCovariate,
    Covariate,
    FeatureRole,
    Logs,
    OutcomeColumns,
    OutcomeConstants,
    OutcomeLog,
    PredictionColumns,
    PredictionConstants,
    PredictionLog,
    Strata,
    SubgroupDefinition,
)
from monitor.plan.modifications import ApprovalRole, Guardrails, Impact, Modification, TraceabilityRow
from monitor.plan.monitoring import (
    CalibrationStream,
    FeatureStreams,
    FloorOfLiveVersion,
    LabelStreams,
    MissingnessStreams,
    Monitoring,
    RateStream,
    Reference,
    ShapeStream,
    Streams,
    Tolerance,
)
from monitor.plan.protocol import (
    AllowedInfluence,
    ChallengingCases,
    DataManagement,
    EventsFor,
    FollowUp,
    Looks,
    ModificationProtocol,
    PerformanceEvaluation,
    ReferenceStandard,
    Retest,
    Retraining,
    Rollback,
    Split,
    SubgroupRule,
    Trigger,
    UpdateProcedure,
    Verification,
)
from monitor.plan.records import Records
from monitor.plan.types import (
    AiInfluence,
    Closed,
    Comparator,
    Identifier,
    PositiveInt,
    Probability,
    PublicKey,
    Require,
    Text,
    TimePrecision,
    Version,
)

__all__ = [
    "AiInfluence",
    "AlertRateCriterion",
    "AllowedInfluence",
    "ApprovalRole",
    "AreaCriterion",
    "Authorization",
    "CalibrationStream",
    "CategoricalCovariate",
    "ChallengingCases",
    "ChangePlan",
    "Claim",
    "Closed",
    "Comparator",
    "ContinuousCovariate",
    "Covariate",
    "Criterion",
    "DataManagement",
    "Device",
    "EventsFor",
    "FeatureStreams",
    "Finding",
    "FloorOfLiveVersion",
    "FollowUp",
    "Guardrails",
    "Identifier",
    "Impact",
    "LabelStreams",
    "Logs",
    "Looks",
    "LossCriterion",
    "MissingnessStreams",
    "Modification",
    "ModificationProtocol",
    "Monitoring",
    "OutcomeColumns",
    "OutcomeConstants",
    "OutcomeLog",
    "PerformanceEvaluation",
    "PlanIdentity",
    "PositiveInt",
    "PredictionColumns",
    "PredictionConstants",
    "PredictionLog",
    "Probability",
    "ProportionCriterion",
    "PublicKey",
    "RateStream",
    "RatioCriterion",
    "Records",
    "Reference",
    "ReferenceStandard",
    "Require",
    "Retest",
    "Retraining",
    "Rollback",
    "ShapeStream",
    "Split",
    "Strata",
    "Streams",
    "SubgroupDefinition",
    "SubgroupRule",
    "Text",
    "TimePrecision",
    "Tolerance",
    "TraceabilityRow",
    "Trigger",
    "UpdateProcedure",
    "Verification",
    "Version",
]


class ChangePlan(Closed):
    """The whole plan. `monitor.plan.load` is the only way to make one from a file."""

    plan: PlanIdentity = Field(description="Identity and status of the plan.")
    device: Device = Field(description="The device and its frozen model.")
    findings: Findings
    logs: Logs = Field(description="What the log files look like.")
    monitoring: Monitoring = Field(description="The looks at the logs and their false-alarm probability.")
    description_of_modifications: tuple[Modification] = Field(description="What may change.")
    modification_protocol: ModificationProtocol = Field(description="How a change is made.")
    impact_assessment: Annotated[tuple[Impact, ...], Field(min_length=1)] = Field(
        description="Benefits and risks of each modification."
    )
    traceability: Annotated[tuple[TraceabilityRow, ...], Field(min_length=1)] = Field(
        description="Which part of the protocol covers which modification."
    )
    approvals: Annotated[tuple[ApprovalRole, ...], Field(min_length=1)] = Field(
        description="Who approves a change before it is deployed."
    )
    records: Records | None = Field(
        default=None, description="Retention and small cells; no key, no such rule."
    )

    @property
    def modification(self) -> Modification:
        """The one modification of this version's plans."""
        return self.description_of_modifications[0]

    @property
    def data(self) -> DataManagement:
        """The one data management item."""
        return self.modification_protocol.data_management[0]

    @property
    def retraining(self) -> Retraining:
        """The one retraining item."""
        return self.modification_protocol.retraining[0]

    @property
    def evaluation(self) -> PerformanceEvaluation:
        """The one performance evaluation item."""
        return self.modification_protocol.performance_evaluation[0]

    @property
    def update(self) -> UpdateProcedure:
        """The one update procedure."""
        return self.modification_protocol.update_procedures[0]

    @property
    def undated(self) -> bool:
        """True when the log has cohorts but no times: one look, split by patient hash."""
        return self.logs.predictions.time_precision == "none"

    def features(self, *roles: FeatureRole) -> tuple[Covariate, ...]:
        """The declared features of some roles, in the plan's order; all of them when no role is named."""
        return tuple(
            item for item in self.logs.covariates if not roles or (item.role or "covariate") in roles
        )

    @property
    def stratum_covariate(self) -> CategoricalCovariate | None:
        """The covariate whose levels divide each hospital; None when a hospital is one place."""
        named = self.logs.strata.covariate if self.logs.strata else None
        found = (item for item in self.logs.covariates if item.name == named and item.kind == "categorical")
        return next(found, None)

    @property
    def strata(self) -> tuple[str, ...]:
        """Names of the strata of every hospital, the one for missing and unlisted levels last; or none."""
        covariate = self.stratum_covariate
        return (*covariate.levels, OTHER_STRATUM) if covariate else ()

    @property
    def places_per_site(self) -> int:
        """At how many places a hospital can raise a false alarm: its findings times its strata."""
        return len(self.findings) * max(1, len(self.strata))


OTHER_STRATUM = "other"


def stratum_site(hospital: str, stratum: str) -> str:
    """The name under which a stratum of a hospital is a site of its own.

    A stratum's name holds no slash, so what stands before the last " / " is the hospital, whatever it is.

    Example:
        >>> stratum_site("Harbour", "A")
        'Harbour / A'
    """
    return f"{hospital} / {stratum}"


def hospital_of(plan: ChangePlan, site: str) -> str:
    """The hospital behind a site: itself, or what the stratum's name was added to.

    Example:
        >>> "Harbour / A".rpartition(" / ")[0]
        'Harbour'
    """
    return site.rpartition(" / ")[0] if plan.strata else site
