"""Prints how often candidates on a margin, harmful ones and repairs are accepted, beside what is promised."""

from __future__ import annotations

from false_accepts import HARMFUL, PLANS, REPAIRS, Accepts, accepts, alphas, wrong_of

from monitor.rehearsal.passing import Share

SEED = 20261121
WRONG_RUNS, RIGHT_RUNS, MOST_HARMFUL = 1000, 500, 0.01


def false_accepts() -> bool:
    """Accepts at the first attempt and within a year of four attempts."""
    print("\nAccepts, 200 studies a night, 5 %, AUC .85: on a margin at most alpha, harmful at most .01")
    head = f"{'first attempt':>18}{'at most':>9}{'in the year':>18}{'at most':>9}"
    print(f"{'plan':<30}{'candidate':<30}{'runs':>5}{head}")
    held = True
    for number, (name, plan) in enumerate(PLANS.items()):
        for place, case in enumerate((*wrong_of(name), HARMFUL)):
            limits = (MOST_HARMFUL, MOST_HARMFUL) if case is HARMFUL else alphas(plan)
            found = accepts(plan, case, WRONG_RUNS, [SEED, 3, number, place])
            held &= _within(found.first, limits[0]) and _within(found.year, limits[1])
            _print(name, case.at, found, limits)
        for place, case in enumerate(REPAIRS):
            _print(name, case.at, accepts(plan, case, RIGHT_RUNS, [SEED, 4, number, place]), None)
    return held


def _within(share: Share, limit: float) -> bool:
    return share.value <= limit + 3 * (limit * (1 - limit) / share.runs) ** 0.5


def _print(plan: str, case: str, found: Accepts, limits: tuple[float, float] | None) -> None:
    cells = "".join(
        f"{f'{share.value:.3f} +- {share.error:.3f}':>18}{limits[place] if limits else '-':>9}"
        for place, share in enumerate((found.first, found.year))
    )
    print(f"{plan:<30}{case:<30}{found.first.runs:>5}{cells}", flush=True)
