"""Shortcut audit of the network: can the site, or a level such as the scanner, be told from the score?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from monitor.drift.domain import DomainRule, Scored, audit_shortcut
from monitor.hashing import sha256_text
from monitor.plan import ChangePlan
from monitor.records import Place, Rows, TextArray
from monitor.store import Store

RULE = DomainRule(folds=5, permutations=199, alpha=0.05, minimum_patients=50)
MOST_STUDIES = 4_000
"""Drawn at random from more: enough for an area with a standard error of about .01."""


def shortcuts(
    plan: ChangePlan, matured: Mapping[Place, Rows], snapshot: Store, plan_sha256: str
) -> list[dict[str, Any]]:
    """One audit for each finding of the sites, and of each categorical covariate that describes acquisition.

    Args:
        plan: For its findings and covariates.
        matured: Mature rows by place.
        snapshot: For the covariates of these rows.
        plan_sha256: Seed of what is drawn.
    """
    return [
        {"finding": finding.id, "told": told, **_audit(scored, f"{plan_sha256} {finding.id} {told}")}
        for finding in plan.findings
        for told, scored in _questions(plan, matured, snapshot, finding.id)
    ]


def _questions(
    plan: ChangePlan, matured: Mapping[Place, Rows], snapshot: Store, finding: str
) -> Iterator[tuple[str, Scored]]:
    rows = [item for place, item in sorted(matured.items()) if place.finding == finding and len(item)]
    if not rows:
        return
    sites = np.concatenate([np.full(len(item), item.place.site, dtype=object) for item in rows])
    if len(rows) > 1:
        yield "site", _scored(rows, sites)
    levels = snapshot.covariates_of_places(rows)
    for covariate in plan.features("covariate"):
        if covariate.kind == "categorical":
            values = np.concatenate([item[covariate.name] for item in levels])
            if len({value for value in values.tolist() if value is not None}) > 1:
                yield covariate.name, _scored(rows, values)


def _scored(rows: list[Rows], domain: TextArray) -> Scored:
    joined = (
        np.concatenate([getattr(item, name) for item in rows]) for name in ("score", "patient", "outcome")
    )
    score, patient, outcome = joined
    return Scored(score, domain, patient, outcome)


def _audit(scored: Scored, seed: str) -> dict[str, Any]:
    rng = np.random.default_rng(int(sha256_text(seed)[:16], 16))
    studies = len(scored.score)
    if studies > MOST_STUDIES:
        keep = np.zeros(studies, dtype=bool)
        keep[rng.choice(studies, MOST_STUDIES, replace=False)] = True
        scored = scored.where(keep)
    found = audit_shortcut(scored, rule=RULE, rng=rng)
    return {
        "state": found.state,
        "reason": found.reason,
        "studies": studies,
        "drawn": len(scored.score),
        "domains": [asdict(item) for item in found.among_all.domains],
    }
