"""Small countries of the stroke trial borrow from the others, and their later patients gain by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pooling_table
import pytest

pytestmark = pytest.mark.data

SMALL = 50


@pytest.fixture(scope="module")
def small(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[pooling_table.Country]:
    replayed = pooling_table.replayed(tmp_path_factory.mktemp("pooled"), real_data)
    return [item for item in pooling_table.countries(replayed) if item.events < SMALL]


def test_the_small_countries_get_a_candidate_from_the_pool(small: list[pooling_table.Country]) -> None:
    assert len(small) == 18
    assert min(item.events for item in small) >= 10


def test_pooling_loses_less_than_the_country_alone(small: list[pooling_table.Country]) -> None:
    mean = {name: np.mean([item.losses[name] for item in small]) for name in pooling_table.NAMES}
    assert mean["EB"] < mean["site Platt"] < mean["keep"]
    assert mean["EB"] < mean["MAP"]
    assert sum(item.gain > 0 for item in small) >= 13


def test_no_country_is_worse_off_than_without_a_candidate(small: list[pooling_table.Country]) -> None:
    assert all(item.losses["EB"] < item.losses["keep"] for item in small)
