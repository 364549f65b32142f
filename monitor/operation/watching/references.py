"""What later nights are compared with: frozen once per place, from its own first looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from monitor.calibrators import calibrated_log_odds
from monitor.drift import FrozenFeature, MeanStream, code_values
from monitor.hashing import sha256_record
from monitor.logistic import expit, logit
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.watching.features import Feature, frozen
from monitor.operation.watching.specs import SCORE, StreamSpec
from monitor.operation.workspace import Workspace
from monitor.records import FloatArray, Place, Unread
from monitor.store import ReferenceRow

ReferenceOf = Literal["predictions", "outcomes"]


@dataclass(frozen=True)
class Reference:
    """One frozen feature, and the probability of each code where it is the score."""

    feature: FrozenFeature
    probability: FloatArray

    def stream(self, spec: StreamSpec) -> MeanStream:
        """The stream of this feature that a plan asks for."""
        return _streams(spec, [self])[0]

    def row(self, place: Place, name: str) -> ReferenceRow:
        """The store's form."""
        item = self.feature
        return ReferenceRow(
            *place,
            name,
            item.kind,
            item.edges,
            item.levels,
            item.counts,
            item.patients,
            self.probability,
        )


def streams(
    specs: Sequence[StreamSpec], references: Mapping[Place, Mapping[str, Reference]]
) -> dict[Place, dict[str, MeanStream]]:
    """The streams of some places that a plan asks for and there is a reference of, by name."""
    made: dict[Place, dict[str, MeanStream]] = {place: {} for place in references}
    for spec in specs:
        places = [place for place, found in references.items() if spec.feature in found]
        of_them = [references[place][spec.feature] for place in places]
        for place, stream in zip(places, _streams(spec, of_them), strict=True):
            made[place][spec.name] = stream
    return made


def _streams(spec: StreamSpec, references: Sequence[Reference]) -> list[MeanStream]:
    if not references:
        return []
    return spec.make([item.feature for item in references], [item.probability for item in references])


def read(row: ReferenceRow) -> Reference:
    """A reference as the store has it."""
    kind: Any = row.kind
    return Reference(FrozenFeature(kind, row.edges, row.levels, row.counts, row.patients), row.probability)


def freeze_predictions(
    workspace: Workspace, rows: Unread, features: Mapping[str, Feature]
) -> dict[str, Reference]:
    """Every feature of a place's first predictions that has a value.

    Args:
        workspace: For the calibrator in use, by which scores become probabilities for good.
        rows: The reference.
        features: Of these rows.
    """
    found: dict[str, Reference] = {}
    for name, feature in features.items():
        item = frozen(feature, rows.patient)
        if item is not None:
            probability = _probability(workspace, rows, item) if name == SCORE else np.empty(0)
            found[name] = Reference(item, probability)
    return found


def _probability(workspace: Workspace, rows: Unread, score: FrozenFeature) -> FloatArray:
    calibrator = workspace.state.calibrator(rows.place)
    return expit(calibrated_log_odds(calibrator, logit(code_values(score, rows.score))))


def record_frozen(
    workspace: Workspace,
    place: Place,
    of: ReferenceOf,
    knowledge: Knowledge,
    found: Mapping[str, Reference],
    **described: Any,
) -> list[ReferenceRow]:
    """Put a reference on the ledger by its hash; the rows to store."""
    rows = [reference.row(place, name) for name, reference in sorted(found.items())]
    night = knowledge.matured_by.isoformat()
    body = {
        "site": place.site,
        "finding": place.finding,
        "of": of,
        "night": night,
        "features": {row.feature: int(row.counts.sum()) for row in rows},
        "calibrator": workspace.state.calibrator(place).version,
        "sha256": sha256_record([_hashed(row) for row in rows]),
        **described,
    }
    workspace.record("reference_frozen", night, body)
    return rows


def _hashed(row: ReferenceRow) -> list[Any]:
    """Without the probabilities, whose last digit processors may disagree about."""
    return [row.feature, row.kind, row.edges.tolist(), list(row.levels), row.counts.tolist(), row.patients]
