"""Which of many streams an e-value may name, with a bounded share of false names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

Name = TypeVar("Name")


def named_by_e_bh(
    log_e: Mapping[Name, float], weights: Mapping[Name, float], alpha: float
) -> tuple[Name, ...]:
    """Weighted e-BH: the largest list whose every e-value reaches (all / named) / alpha.

    Every stream that passes its weighted Bonferroni limit is on the list.

    Args:
        log_e: Natural log of each stream's e-value, R divided by the horizon.
        weights: Each stream's share of alpha; they sum to at most one.
        alpha: Bound on the expected share of false names, whatever the dependence.

    Returns:
        The names, largest evidence first.

    References:
        Wang, Ramdas (2022), JRSS-B 84:822-852.

    Example:
        Two e-values of 30 with half the weight each: neither reaches 40, both together need 20.

        >>> named_by_e_bh({"a": math.log(30), "b": math.log(30)}, {"a": 0.5, "b": 0.5}, 0.05)
        ('a', 'b')
        >>> named_by_e_bh({"a": math.log(30), "b": 0.0}, {"a": 0.5, "b": 0.5}, 0.05)
        ()
    """
    weighted = {name: value + math.log(weights[name]) for name, value in log_e.items() if weights[name] > 0}
    ordered = sorted(weighted, key=lambda name: -weighted[name])
    wall = -math.log(alpha)
    reached = [
        count for count, name in enumerate(ordered, start=1) if weighted[name] >= wall - math.log(count)
    ]
    return tuple(ordered[: max(reached, default=0)])
