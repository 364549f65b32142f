"""The tables on verdicts as `run.py` prints them, each figure beside the stated one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from beside import Figure, show
from interval_coverage import areas, clustered_proportions, proportions, repeated_patients
from published_figures import published_figures
from verdicts import bio_creep, harmful, looks_at_the_margin, margin_by_judge, single_gates, whole_rule

SEED = 20261122


def verdict_tables(parts: dict[str, tuple[Callable[..., Iterable[Figure]], int]]) -> bool:
    """Tables of section 4, each figure beside the stated one with its Monte Carlo error."""
    held = True
    for number, (title, (figures, runs)) in enumerate(parts.items()):
        rng = np.random.default_rng([SEED, number, runs])
        held &= show(f"{title} ({runs:,} runs)", figures(rng, runs))
    return held


def intervals() -> bool:
    """Table 4.2: how often each interval holds the truth."""
    held = show("Coverage of a proportion's lower bound, enumerated (nominal .95)", proportions())
    parts = {
        "Clustered proportion, lower bound": (clustered_proportions, 1000),
        "Area under the curve, lower bound": (areas, 1000),
        "Repeated patients, two-sided 95 %": (repeated_patients, 500),
    }
    return verdict_tables(parts) and held


def verdicts() -> bool:
    """Table 4.4: the power of single gates and of the whole rule, and what a harmful candidate meets."""
    return verdict_tables(
        {
            "A perfect candidate at each gate alone": (single_gates, 300),
            "The whole rule, strict, alpha .05": (whole_rule, 300),
            "A harmful candidate": (harmful, 300),
        }
    )


def looks() -> bool:
    """S7b: how often a candidate at the margin is accepted, by schedule of looks."""
    return verdict_tables(
        {
            "S7b: 90 nights, alpha .05": (looks_at_the_margin, 4000),
            "The same through criteria and look bounds": (margin_by_judge, 1000),
        }
    )


def serial_updates() -> bool:
    """S8: where twenty updates lead."""
    return verdict_tables({"S8: P(area after 20 updates below -.02)": (bio_creep, 20000)})


VERDICT_TABLES = {
    "published_figures": published_figures,
    "intervals": intervals,
    "verdicts": verdicts,
    "looks": looks,
    "serial_updates": serial_updates,
}
