"""The faster sort against the library's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.ordering import ascending, distinct

LARGEST, LEAST = np.finfo(float).max, np.nextafter(0.0, 1.0)


def drawn(seed: int) -> Any:
    """With ties, without, and with tails that leave nearly every value in one step."""
    rng = np.random.default_rng(seed)
    values = rng.standard_cauchy(300) ** int(rng.integers(1, 6)) if seed % 2 else rng.normal(size=300)
    return values.round(int(rng.integers(0, 16)))


@pytest.mark.parametrize("seed", range(20))
def test_equal_values_keep_their_order(seed: int) -> None:
    values = drawn(seed)
    assert np.array_equal(ascending(values), np.argsort(values, kind="stable"))


@pytest.mark.parametrize("seed", range(20))
def test_values_are_told_apart_as_by_the_library(seed: int) -> None:
    values = drawn(seed)
    expected = np.unique(values, return_inverse=True, return_counts=True)
    for found, known in zip(distinct(values), expected, strict=True):
        assert np.array_equal(found, known)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1.0],
        [2.0, 2.0, 2.0],
        [0.0, -0.0, 0.0],
        [np.inf, 1.0, -np.inf, 1.0],
        [LARGEST, -LARGEST, 0.0],
        [LEAST, 0.0, -LEAST, LEAST],
        [1.0, np.nextafter(1.0, 2.0), 1.0, -1e300],
    ],
)
def test_no_range_is_too_wide_or_too_narrow(values: list[float]) -> None:
    given = np.array(values)
    assert np.array_equal(ascending(given), np.argsort(given, kind="stable"))
    assert np.array_equal(distinct(given)[1], np.unique(given, return_inverse=True)[1])
