"""Exclusions: how often the interval of a difference of shares is right, and how often a claim is false.

Excluded shares of 5 % unless said. With several studies, a patient's exclusions share a beta law.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from beside import Figure, show

from monitor.performance.exclusion_dependence import holm_adjusted
from monitor.performance.share_difference import equal_shares_p_value, share_difference
from monitor.records import BoolArray, TextArray

SEED = 20261121
RUNS = 1000
LEVEL = 0.95
Drawn = tuple[BoolArray, BoolArray, TextArray]


@dataclass(frozen=True)
class Case:
    """A site: patients, studies of each, the excluded share, that of patients in the group, and the truth."""

    name: str
    patients: int
    studies: int = 1
    share: float = 0.05
    inside: float = 0.2
    difference: float = 0.0
    alike: float = 0.0
    by_study: bool = False

    def draw(self, rng: np.random.Generator) -> Drawn:
        """(excluded, in the group, patient)."""
        who = np.repeat(np.arange(self.patients).astype(str).astype(object), self.studies)
        chance = np.full(self.patients, self.share)
        if self.alike:
            a, b = (part * (1 / self.alike - 1) for part in (self.share, 1 - self.share))
            chance = rng.beta(a, b, self.patients)
        drawn = len(who) if self.by_study else self.patients
        group = np.repeat(rng.random(drawn) < self.inside, 1 if self.by_study else self.studies)
        chance = np.repeat(chance, self.studies) + self.difference * group
        return rng.random(len(who)) < np.clip(chance, 0, 1), group, who


@dataclass(frozen=True)
class OneOfTwo(Case):
    """Each patient has two images, one of the group, and at most one of them is excluded."""

    def draw(self, rng: np.random.Generator) -> Drawn:
        who = np.repeat(np.arange(self.patients).astype(str).astype(object), 2)
        some, first = rng.random(self.patients) < 2 * self.share, rng.random(self.patients) < 0.5
        excluded = np.stack([some & first, some & ~first], axis=1).ravel()
        return excluded, np.tile([True, False], self.patients), who


CASES = (
    Case("1,000 studies", 1000),
    Case("300 studies", 300),
    Case("1,000 studies, 2 %, a tenth inside", 1000, share=0.02, inside=0.1),
    Case("1,000 studies, 5 % more inside", 1000, difference=0.05),
    Case("400 patients x 3, .3 alike, whole", 400, studies=3, alike=0.3),
    Case("400 patients x 3, .3 alike, split", 400, studies=3, alike=0.3, by_study=True),
    OneOfTwo("500 patients x 2, one excluded", 500),
)


def exclusion_intervals() -> bool:
    """Coverage of the difference; share of false claims about one subgroup, and about six with Holm."""
    return show("Exclusions: difference of shares", [*_cases(), _six_subgroups()])


def _cases() -> Iterator[Figure]:
    for number, case in enumerate(CASES):
        rng = np.random.default_rng([SEED, 71, number])
        held = claimed = 0
        for _ in range(RUNS):
            excluded, group, who = case.draw(rng)
            found = share_difference(excluded, group, who, LEVEL)
            held += found.low is not None and found.low <= case.difference <= (found.high or 0.0)
            claimed += bool(excluded.any()) and equal_shares_p_value(excluded, group, who) < 1 - LEVEL
        yield Figure(case.name, "interval right", held / RUNS, RUNS, LEVEL)
        column, expected = ("false claim", 1 - LEVEL) if case.difference == 0 else ("claim", None)
        yield Figure(case.name, column, claimed / RUNS, RUNS, expected)


def _six_subgroups() -> Figure:
    rng = np.random.default_rng([SEED, 72])
    false = 0
    for _ in range(RUNS):
        excluded, _, who = Case("", 600).draw(rng)
        level = rng.integers(0, 6, len(who))
        p_values = [equal_shares_p_value(excluded, level == number, who) for number in range(6)]
        false += min(holm_adjusted(p_values)) < 1 - LEVEL
    return Figure("600 studies, six subgroups", "any false claim", false / RUNS, RUNS, 1 - LEVEL)
