"""Prints the table of `docs/statistics.md`: `python -m tests.reference.table`, `--all` for every value."""

from __future__ import annotations

import math
import sys
from collections import defaultdict

from tests.reference import (
    calibrator_metrics,
    decision_metrics,
    logistic_metrics,
    operating_metrics,
    performance_metrics,
    power_metrics,
    quantification_metrics,
)
from tests.reference.agreement import Pair, oracle, pairs

HEAD = "| metric | values | ours | oracle | relative difference | software |\n|---|---|---|---|---|---|"
SMALLEST = 1e-11
SOFTWARE = {
    "bounds": "mvtnorm",
    "calibrators": "stats",
    "calzone": "calzone-tool",
    "detector": "stats",
    "glm": "sandwich",
    "intervals": "stats",
    "power": "stats",
    "sklearn": "scikit-learn",
}


def every_pair() -> list[Pair]:
    """All comparisons there are."""
    modules = (
        logistic_metrics,
        performance_metrics,
        operating_metrics,
        calibrator_metrics,
        decision_metrics,
        power_metrics,
        quantification_metrics,
    )
    return list(pairs([metric for module in modules for metric in module.metrics()]))


def line(label: str, members: list[Pair]) -> str:
    """One row: the first value as an example, and the largest relative difference of all."""
    first = members[0]
    name = SOFTWARE.get(first.oracle, first.oracle)
    versions = oracle(first.oracle)["versions"]
    where = f"R {versions['R']}" if name == "stats" else f"{name} {versions[name]}"
    largest = max(pair.relative_difference for pair in members)
    return (
        f"| {label} | {len(members)} | {first.ours:.8g} | {first.theirs:.8g} | {order(largest)} | {where} |"
    )


def order(difference: float) -> str:
    """The power of ten a difference stays below; what rounding does to the last digits is not told apart.

    Example:
        >>> order(2e-8), order(3e-16)
        ('< 1e-07', '< 1e-11')
    """
    return f"< {10.0 ** math.ceil(math.log10(max(difference, SMALLEST))):.0e}"


def grouped(found: list[Pair]) -> list[str]:
    """One row per metric and oracle."""
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in found:
        groups[pair.metric, pair.oracle].append(pair)
    return [line(metric, members) for (metric, _), members in groups.items()]


def single(pair: Pair) -> str:
    """One row of one value, with the difference ours minus theirs."""
    return f"| {pair.key} | {pair.ours!r} | {pair.theirs!r} | {pair.difference:.1e} | {pair.oracle} |"


def main() -> None:
    """Print the grouped table, or every value."""
    found = every_pair()
    if "--all" in sys.argv:
        print("| value | ours | oracle | difference | software |\n|---|---|---|---|---|")
        print("\n".join(single(pair) for pair in found))
    else:
        print(HEAD)
        print("\n".join(grouped(found)))


if __name__ == "__main__":
    main()
