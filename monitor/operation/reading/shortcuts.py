"""Shortcut audit of the network: can the site, or a level such as the scanner, be told from the score?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from monitor.drift.domain import DomainRule, Scored, audit_shortcut
from monitor.hashing import sha256_text
from monitor.plan import ChangePlan
from monitor.records import Place, Rows, TextArray
from monitor.store import Store

RULE = DomainRule(folds=5, permutations=199, alpha=0.05, minimum_patients=50)
SITE = "site"
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
    found: list[dict[str, Any]] = []
    for finding in plan.findings:
        rows = [item for place, item in sorted(matured.items()) if place.finding == finding.id and len(item)]
        for told in _questions(plan, len(rows)):
            seed = f"{plan_sha256} {finding.id} {told}"
            rng = np.random.default_rng(int(sha256_text(seed)[:16], 16))
            drawn = _drawn(rows, rng)
            levels = _levels(snapshot, drawn, told)
            if len({level for level in levels.tolist() if level is not None}) > 1:
                audit = _audit(_scored(drawn, levels), sum(map(len, rows)), rng)
                found.append({"finding": finding.id, "told": told, **audit})
    return found


def _questions(plan: ChangePlan, places: int) -> list[str]:
    """What may be told from the score: the site where there are several, and each acquisition."""
    named = [item.name for item in plan.features("covariate") if item.kind == "categorical"]
    return ([SITE] if places > 1 else []) + (named if places else [])


def _drawn(rows: Sequence[Rows], rng: np.random.Generator) -> list[Rows]:
    """At most so many studies, those of each place in their order."""
    studies = sum(map(len, rows))
    if studies <= MOST_STUDIES:
        return list(rows)
    keep = np.zeros(studies, dtype=bool)
    keep[rng.choice(studies, MOST_STUDIES, replace=False)] = True
    parts = np.split(keep, np.cumsum([len(item) for item in rows])[:-1])
    return [item.where(part) for item, part in zip(rows, parts, strict=True) if part.any()]


def _levels(snapshot: Store, rows: Sequence[Rows], told: str) -> TextArray:
    """What is to be told of each study."""
    if told == SITE:
        return np.concatenate([np.full(len(item), item.place.site, dtype=object) for item in rows])
    return snapshot.covariate_of_places(rows, told)


def _scored(rows: Sequence[Rows], domain: TextArray) -> Scored:
    joined = (
        np.concatenate([getattr(item, name) for item in rows]) for name in ("score", "patient", "outcome")
    )
    score, patient, outcome = joined
    return Scored(score, domain, patient, outcome)


def _audit(scored: Scored, studies: int, rng: np.random.Generator) -> dict[str, Any]:
    found = audit_shortcut(scored, rule=RULE, rng=rng)
    return {
        "state": found.state,
        "reason": found.reason,
        "studies": studies,
        "drawn": len(scored.score),
        "domains": [asdict(item) for item in found.among_all.domains],
    }
