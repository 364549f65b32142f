"""False alarms of a whole site, all streams of a plan together, and what it finds.

Per site 20 covariates with missing values, and the streams of outcomes and scores; the weights of a whole
plan; a reference of the site's own first 90 nights, so that the error of the baseline is in the figures.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeVar

import numpy as np
from calibration_stream import AREA, CHANGE_NIGHT, PREVALENCE
from covariate_stream import log_e_per_code
from site_covariates import COVARIATES, VENDOR, covariate
from site_scores import outcomes_and_scores
from site_streams import ALPHA, Change, Variation, first_alarms, nightly

from monitor.drift import freeze_continuous, location_and_spread
from monitor.records import FloatArray
from monitor.simulation import intercept_keeping_prevalence

SEED = 20261130
RUNS = {20: 120, 50: 120, 200: 80, 2000: 24}
POWER_RUNS = {20: 100, 50: 100, 200: 100, 2000: 20}
"""Sites by studies a night; half of them where the truth is outside the band."""
LARGEST_ERRORS, ENOUGH_STUDIES = 3.0, 200
Found = TypeVar("Found")
SAME, STEADY = Change("none"), Variation("iid")
VARIATIONS = (
    STEADY,
    Variation("night effects .1 SD, cut at .1", night=0.1, largest=0.1),
    Variation("weekends +.1 SD", weekend=0.1),
    Variation("2 studies a patient, ICC .5", paired=True),
    Variation("night effects .1 SD", night=0.1, inside=False),
    Variation("weekends +.2 SD", weekend=0.2, inside=False),
)


@dataclass(frozen=True)
class Case:
    """A change.

    Attributes:
        covariate: To which it happens; none where it happens to scores and outcomes.
        within: Median nights in which it must be found at 200 studies a night.
    """

    change: Change
    covariate: int | None = None
    within: float = math.inf


CASES = (
    Case(Change("scanner: one covariate +.5 SD", shift=0.5), 0, within=2),
    Case(Change("new vendor level, 20 %", new_level=0.2), VENDOR),
    Case(Change("prevalence 5 -> 10 %", prevalence=0.10)),
    Case(
        Change(
            "slope .7, mean kept", intercept=intercept_keeping_prevalence(0.7, PREVALENCE, AREA), slope=0.7
        )
    ),
)


def whole_site(processes: int = 1) -> bool:
    """Share of unchanged sites with any alarm in a year, at most alpha; share and delay of what is found.

    Args:
        processes: That share the work; the figures do not depend on it.
    """
    print("\nWhole site, 20 covariates and all streams, 365 nights: share of unchanged sites with any alarm")
    print(f"{'':<34}{'a night':>9}{'sites':>7}{'share':>8}{'MC error':>10}{'at most':>9}   alarms by stream")
    held = _same_as_the_product()
    for number, variation in enumerate(VARIATIONS):
        for studies, runs in RUNS.items():
            one = partial(quiet_site, studies, variation, (SEED, 1, number, studies))
            held &= _print_quiet(
                variation, studies, _run(one, runs if variation.inside else runs // 2, processes)
            )
    return _power(processes) and held


def _same_as_the_product() -> bool:
    """All nights at once are what the stream itself says of each night, with one study a patient or two."""
    rng = np.random.default_rng([SEED, 0])
    stream = location_and_spread(freeze_continuous(rng.random(500), 500), 0.1, 2.0)
    codes, log_e = stream.feature.code(rng.random((3, 40))), log_e_per_code(stream)
    for studies_of_a_patient in (1, 2):
        patient = np.arange(40) // studies_of_a_patient
        alone = [stream.log_e(night, patient) for night in codes]
        if not np.allclose(nightly(log_e, codes, studies_of_a_patient == 2), alone, rtol=0.0, atol=1e-9):
            print("NOT THE SAME, night by night and all at once")
            return False
    return True


def quiet_site(studies: int, variation: Variation, seed: Sequence[int], run: int) -> frozenset[str]:
    """Names of the streams that alarm at a site where nothing changes."""
    rng = np.random.default_rng([*seed, run])
    covariates = (covariate(rng, studies, variation, number, SAME) for number in range(COVARIATES))
    streams = list(chain(*covariates, outcomes_and_scores(rng, studies, variation, SAME)))
    nights = first_alarms(streams)
    return frozenset(stream.name for stream, night in zip(streams, nights, strict=True) if night < math.inf)


def changed_site(studies: int, case: Case, seed: Sequence[int], run: int) -> dict[str, float]:
    """First alarm of each stream that the change touches."""
    rng = np.random.default_rng([*seed, run])
    if case.covariate is None:
        streams = list(outcomes_and_scores(rng, studies, STEADY, case.change))
    else:
        streams = list(covariate(rng, studies, STEADY, case.covariate, case.change))
    return dict(zip((stream.name for stream in streams), first_alarms(streams), strict=True))


def _print_quiet(variation: Variation, studies: int, sites: Sequence[frozenset[str]]) -> bool:
    """True where at most alpha of the sites alarm, or where the truth is outside the band."""
    runs = len(sites)
    share = sum(bool(names) for names in sites) / runs
    error = math.sqrt(max(share * (1 - share), ALPHA * (1 - ALPHA)) / runs)
    tally = Counter(name for names in sites for name in names)
    named = ", ".join(f"{name} {count}" for name, count in tally.most_common())
    most = f"{ALPHA:.2f}" if variation.inside else "outside"
    figures = f"{share:>8.3f}{error:>10.3f}{most:>9}"
    print(f"{variation.name:<34}{studies:>9}{runs:>7}{figures}   {named}", flush=True)
    return not variation.inside or share <= ALPHA + LARGEST_ERRORS * error


def _power(processes: int) -> bool:
    """True where every change at 200 studies a night is found at every site, the scanner's in two nights."""
    print(f"\nThe same sites, change at night {CHANGE_NIGHT}: share found in 265 nights, median delay (90th)")
    print(f"{'':<34}{'a night':>9}{'sites':>7}   by stream")
    held = True
    for number, case in enumerate(CASES):
        for studies, runs in POWER_RUNS.items():
            one = partial(changed_site, studies, case, (SEED, 2, number, studies))
            sites = _run(one, runs, processes)
            held &= _print_found(case, studies, sites) or studies < ENOUGH_STUDIES
    return held


def _print_found(case: Case, studies: int, sites: Sequence[dict[str, float]]) -> bool:
    """True where the fastest stream finds the change at every site, and within the stated nights."""
    nights = {name: _waited([site[name] for site in sites]) for name in sites[0]}
    nights["any"] = _waited([min(site.values()) for site in sites])
    shown = [f"{name} {_summary(waited)}" for name, waited in nights.items() if np.isfinite(waited).any()]
    print(f"{case.change.name:<34}{studies:>9}{len(sites):>7}   {'; '.join(shown)}", flush=True)
    return bool(np.isfinite(nights["any"]).all()) and float(np.median(nights["any"])) <= case.within


def _waited(first: Sequence[float]) -> FloatArray:
    """Nights from the change to the first alarm, of sites that were quiet before it."""
    return np.array([night - CHANGE_NIGHT for night in first if night > CHANGE_NIGHT])


def _summary(waited: FloatArray) -> str:
    middle, slow = np.median(waited), np.quantile(waited, 0.9, method="higher")
    return f"{np.isfinite(waited).mean():.2f}, {middle:.0f} ({slow:.0f})"


def _run(one: Callable[[int], Found], runs: int, processes: int) -> list[Found]:
    if processes == 1:
        return [one(run) for run in range(runs)]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(one, range(runs)))


if __name__ == "__main__":
    raise SystemExit(not whole_site(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
