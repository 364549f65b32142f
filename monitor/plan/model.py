"""The change-control plan as one typed, closed, strict object.

Words and order follow the FDA guidance on predetermined change control plans. Every key is used by
the program or printed in every dossier; nothing here is decoration and no limit has a default.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.plan.criteria import Criterion, LogLossCriterion, RatioCriterion
from monitor.plan.device import Authorization, Claim, Device, Finding, Findings, PlanIdentity
from monitor.plan.logs import (
    CategoricalCovariate,
    ContinuousCovariate,
    Covariate,
    Logs,
    OutcomeColumns,
    OutcomeConstants,
    OutcomeLog,
    PredictionColumns,
    PredictionConstants,
    PredictionLog,
)
from monitor.plan.modifications import ApprovalRole, Impact, Modification, TraceabilityRow
from monitor.plan.monitoring import (
    CalibrationStream,
    FloorOfLiveVersion,
    LabelStreams,
    Monitoring,
    Streams,
    Tolerance,
)
from monitor.plan.protocol import (
    AllowedInfluence,
    DataManagement,
    EventsFor,
    Looks,
    ModificationProtocol,
    PerformanceEvaluation,
    ReferenceStandard,
    Retraining,
    Rollback,
    Split,
    Trigger,
    UpdateProcedure,
)
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
    "AllowedInfluence",
    "ApprovalRole",
    "Authorization",
    "CalibrationStream",
    "CategoricalCovariate",
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
    "Finding",
    "FloorOfLiveVersion",
    "Identifier",
    "Impact",
    "LabelStreams",
    "LogLossCriterion",
    "Logs",
    "Looks",
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
    "PublicKey",
    "RatioCriterion",
    "ReferenceStandard",
    "Require",
    "Retraining",
    "Rollback",
    "Split",
    "Streams",
    "Text",
    "TimePrecision",
    "Tolerance",
    "TraceabilityRow",
    "Trigger",
    "UpdateProcedure",
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
