"""Slow statistics: `make simulate` prints what the engine reaches beside the figures it must reach.

Every table has its own seed, so that one can be run alone: `python tests/simulation/run.py false_alarms`.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from calibration_stream import ALPHA, WEIGHT, delays, null_alarm_share
from false_accept_table import false_accepts
from monitoring_tables import MONITORING_TABLES
from operating_point_tables import operating_point
from recalibration_tables import METHOD_TABLES
from verdict_tables import VERDICT_TABLES

SEED = 20261121
EXPECTED_DELAY = {
    "label shift 5 -> 10 %": {100: 8, 250: 7, 900: 6, None: 5},
    "intercept +.5": {100: 33, 250: 22, 900: 18, None: 13},
    "intercept -.5": {100: 53, 250: 35, 900: 27, None: 20},
    "slope .7, mean kept": {100: 50, 250: 33, 900: 25, None: 20},
    "intercept +.3": {100: None, 250: 144, 900: 80, None: 47},
}
EXPECTED_FOUND = {"intercept +.3": {100: 0.40, 250: 0.69}, "intercept -.5": {100: 0.89}}


def false_alarms() -> bool:
    """Share of unchanged sites with a calibration alarm within 365 nights."""
    print("\nFalse alarms: 1,000 unchanged sites, 365 nights, 200 studies a night")
    print(f"{'calibrator':<24}{'share':>8}{'MC error':>10}{'at most':>9}")
    held = True
    for positives, limit in ((None, ALPHA * WEIGHT), (250, 0.05)):
        rng = np.random.default_rng([SEED, 1, positives or 0])
        share, error = null_alarm_share(rng, 1000, positives)
        held &= share <= limit + 3 * error
        print(f"{_calibrator(positives):<24}{share:>8.4f}{error:>10.4f}{limit:>9.3f}", flush=True)
    return held


def detection_delays() -> bool:
    """Median delay of each shift, per calibrator, beside the expected one (within 25 %)."""
    print("\nDelays in nights of matured labels, median (90th percentile), share found; change at night 100")
    print(
        f"{'change':<24}{'calibrator':<22}{'found':>14}{'expected':>10}{'ratio':>7}{'share':>7}{'expected':>10}"
    )
    held = True
    for positives in (100, 250, 900, None):
        rng = np.random.default_rng([SEED, 2, positives or 0])
        for name, delay in delays(rng, 400, positives).items():
            expected = EXPECTED_DELAY[name][positives]
            share = EXPECTED_FOUND.get(name, {}).get(positives)
            ratio = delay.median / expected if expected else float("nan")
            held &= expected is None or name == "intercept +.3" or abs(ratio - 1) <= 0.25
            held &= share is None or abs(delay.share_found - share) <= 0.25 * share
            spread = f"{delay.median:.0f} ({delay.tenth_slowest:.0f})"
            print(
                f"{name:<24}{_calibrator(positives):<22}{spread:>14}{expected or '-':>10}{ratio:>7.2f}"
                f"{delay.share_found:>7.2f}{share if share is not None else '-':>10}",
                flush=True,
            )
    return held


def thresholds() -> bool:
    """Thresholds that keep a sensitivity or predictive value, and abstention."""
    return operating_point(np.random.default_rng([SEED, 9]))


def _calibrator(positives: int | None) -> str:
    return "known exactly" if positives is None else f"fitted on {positives} events"


TABLES = {
    "false_alarms": false_alarms,
    "detection_delays": detection_delays,
    "false_accepts": false_accepts,
    "operating_point": thresholds,
    **VERDICT_TABLES,
    **METHOD_TABLES,
    **MONITORING_TABLES,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        print(f"unknown table {', '.join(unknown)}; expected some of {', '.join(TABLES)}", file=sys.stderr)
        return 2
    failed: list[str] = []
    for name in names or list(TABLES):
        started = time.perf_counter()
        if not TABLES[name]():
            failed.append(name)
        print(f"[{name}: {time.perf_counter() - started:.0f} s]")
    print(f"\n{'NOT REACHED: ' + ', '.join(failed) if failed else 'every figure is reached'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
