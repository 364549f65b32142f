"""The outcomes a look rests on: who read them and how far they agreed, and whose became known."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from monitor.operation.attempt.reuse import spent_studies
from monitor.operation.attempt.windows import Knowledge, fitted_patients, validation_window
from monitor.operation.workspace import Workspace
from monitor.performance import Ascertainment, ascertainment_by_score, kappa, reader_band
from monitor.plan import ChangePlan
from monitor.plan.model import Verification
from monitor.records import FloatArray, Reads, Rows
from monitor.registry import Change


@dataclass(frozen=True)
class OutcomesRead:
    """What is known about the outcomes of a validation window.

    Attributes:
        reference_standard: For the record of the look.
        verification: For the record of the look; None without such a rule in the plan.
        weight: Of each row that judges, shape (n,); None where the plan weights nothing.
        objections: Why nothing may be accepted on these outcomes, one sentence each.
    """

    reference_standard: dict[str, Any]
    verification: dict[str, Any] | None
    weight: FloatArray | None
    objections: tuple[str, ...]


def outcomes_read(workspace: Workspace, change: Change, rows: Rows, knowledge: Knowledge) -> OutcomesRead:
    """Readers of the whole validation window, and known outcomes by score of what may judge of it.

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        rows: That judge it, at least one.
        knowledge: Of the night.
    """
    plan, window = workspace.loaded.plan, validation_window(workspace, change, knowledge)
    if window is None:
        raise ValueError("a look needs a validation window")
    reads = None
    if plan.logs.outcomes.columns.reader_id is not None:
        reads = workspace.store.reads(window, matured_by=knowledge.matured_by, known_by=knowledge.known_by)
    standard = _standard(plan, window, reads)
    rule = plan.data.verification
    if rule is None:
        return OutcomesRead(standard, None, None, ())
    eligible = _eligible(workspace, change, window)
    known = np.isin(eligible.study.astype(str), rows.study.astype(str))
    found = ascertainment_by_score(eligible.score, known, rule.score_bins)
    weight = found.weight[known] if rule.weights == "inverse_probability" else None
    return OutcomesRead(standard, _record(rule, found), weight, tuple(_objections(rule, found)))


def eligible_rows(workspace: Workspace, change: Change, knowledge: Knowledge) -> Rows:
    """Studies that may judge a candidate, whether their outcome is known or not; at least one."""
    window = validation_window(workspace, change, knowledge)
    if window is None:
        raise ValueError("a look needs a validation window")
    return _eligible(workspace, change, window)


def _eligible(workspace: Workspace, change: Change, window: Rows) -> Rows:
    seen, spent = fitted_patients(workspace, change), spent_studies(workspace, change)
    pairs = zip(window.patient.tolist(), window.study.tolist(), strict=True)
    return window.where(np.array([who not in seen and study not in spent for who, study in pairs]))


def _standard(plan: ChangePlan, window: Rows, reads: Reads | None) -> dict[str, Any]:
    """Source, exposure of the readers, and how far those agree that the log tells apart."""
    planned, known = plan.data.reference_standard, window.known()
    return {
        "source": planned.source,
        "version": planned.version,
        "studies": len(window),
        "known": len(known),
        "influences": dict(sorted(Counter(known.ai_influence.tolist()).items())),
        "readers": None if reads is None else _readers(reads, planned.band_minimum_reads),
    }


def _readers(reads: Reads, band_minimum_reads: int | None) -> dict[str, Any]:
    """Counts of studies by what their readers said, kappa, and the band of single readers."""
    definite = reads.definite()
    _, code = np.unique(definite.study.astype(str), return_inverse=True)
    said, yes = np.bincount(code), np.bincount(code, weights=definite.positive)
    band = None if band_minimum_reads is None else asdict(reader_band(definite, band_minimum_reads))
    return {
        "studies_read": len(set(reads.study.tolist())),
        "read_twice": int((said > 1).sum()),
        "disagreed": int(((yes > 0) & (yes < said)).sum()),
        "indeterminate": len(set(reads.study[np.isnan(reads.positive)].tolist())),
        "kappa": asdict(kappa(definite)),
        "band": band if band is None else {**band, "minimum_reads": band_minimum_reads},
    }


def _record(rule: Verification, found: Ascertainment) -> dict[str, Any]:
    return {
        "weights": rule.weights,
        "maximum_spread": rule.maximum_spread,
        "spread": found.spread,
        "bins": [asdict(item) for item in found.bins],
    }


def _objections(rule: Verification, found: Ascertainment) -> list[str]:
    """A range of scores nobody verified speaks for nothing; a spread beyond the bound misleads."""
    silent = [item for item in found.bins if item.known == 0]
    reasons = [
        f"no outcome is known for any study with a score from {item.low:.3f} to {item.high:.3f}"
        for item in silent
    ]
    if rule.maximum_spread is not None and found.spread > rule.maximum_spread:
        reasons.append(
            f"the share of known outcomes differs by {found.spread:.1%} between ranges of scores, "
            f"the plan allows {rule.maximum_spread:.1%}"
        )
    return reasons
