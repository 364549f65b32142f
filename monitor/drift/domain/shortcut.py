"""Shortcut audit: can the site or scanner be told from the score alone, also among studies of one outcome?

A model that reads the site off the image scores sites differently. So does an honest model where sites
differ in prevalence; hence the question is asked again inside each outcome. What remains there is a
shortcut, or a difference of case mix or acquisition: the score alone does not say which.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from monitor.drift.domain.records import DomainRule
from monitor.drift.domain.scored import AuditState, Scored, ScoreTold, ShortcutAudit
from monitor.drift.domain.told import sentence, told_from_score


def audit_shortcut(scored: Scored, *, rule: DomainRule, rng: np.random.Generator) -> ShortcutAudit:
    """Tell the domain from the score, among all studies and among those of each outcome.

    Args:
        scored: The studies.
        rule: Folds, permutations, alpha and the fewest patients; the two outcomes get half of alpha each.
        rng: Deals the folds and draws the relabellings; the order of the rows does not matter.

    Returns:
        The audit.

    Raises:
        ValueError: `rule` has too few permutations for half of its alpha.

    References:
        DeGrave et al. (2021), Nat Mach Intell 3:610-619, 10.1038/s42256-021-00338-7.

    Example:
        Two sites of 60 patients each; the second scores everybody higher.

        >>> who = np.array([f"p{number}" for number in range(120)], dtype=object)
        >>> site = np.repeat(np.array(["A", "B"], dtype=object), 60)
        >>> scored = Scored(np.arange(120) / 120, site, who, np.tile([0.0, 1.0], 60))
        >>> rule = DomainRule(folds=5, permutations=99, alpha=0.05, minimum_patients=20)
        >>> audit_shortcut(scored, rule=rule, rng=np.random.default_rng(1)).state
        'told_within_outcome'
    """
    halved = replace(rule, alpha=rule.alpha / 2)
    unknown = np.array([name is None for name in scored.domain], dtype=bool) | np.isnan(scored.score)
    usable = scored.where(~unknown)
    among_all = told_from_score(usable, "all", rule, rng)
    positives = told_from_score(usable.where(usable.outcome == 1), "positives", halved, rng)
    negatives = told_from_score(usable.where(usable.outcome == 0), "negatives", halved, rng)
    reason = "; ".join(sentence(told) for told in (among_all, positives, negatives))
    state = state_of(among_all, (positives, negatives))
    return ShortcutAudit(state, reason, among_all, positives, negatives, int(unknown.sum()), rule)


def state_of(among_all: ScoreTold, within: tuple[ScoreTold, ScoreTold]) -> AuditState:
    """What the three answers say together."""
    if among_all.state == "insufficient":
        return "insufficient"
    if any(told.state == "told" for told in within):
        return "told_within_outcome"
    return "told_overall" if among_all.state == "told" else "not_told"
