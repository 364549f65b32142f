"""Our numbers agree with other software on committed inputs, to the digits that software carries.

`oracles/` holds the scripts, `values/` what they printed, with versions and the hashes of the inputs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.reference.agreement import HERE, NOT_COMPARED, Pair, oracle, oracles, without_counterpart
from tests.reference.make_inputs import written
from tests.reference.table import every_pair, grouped

PAIRS = every_pair()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.oracle}: {pair.metric}: {pair.key}")
def test_our_value_is_the_oracles(pair: Pair) -> None:
    assert pair.agrees, f"ours {pair.ours!r}, {pair.oracle} {pair.theirs!r}"


@pytest.mark.parametrize("name", oracles())
def test_the_values_belong_to_the_inputs_on_disk(name: str) -> None:
    for file, recorded in oracle(name)["inputs"].items():
        found = hashlib.sha256((HERE / "inputs" / file).read_bytes()).hexdigest()
        assert found == recorded, file


@pytest.mark.parametrize("name", oracles())
def test_every_value_names_the_versions_that_made_it(name: str) -> None:
    versions = oracle(name)["versions"]
    assert {"R", "Python"} & set(versions)
    assert len(versions) > 1


def test_the_inputs_are_what_their_generator_writes() -> None:
    on_disk = {path.name: path.read_text(encoding="ascii") for path in (HERE / "inputs").glob("*.csv")}
    assert on_disk == written()
    assert all(len(text) < 60_000 for text in on_disk.values())


def test_every_oracle_script_has_its_values_and_every_value_its_script() -> None:
    scripts = {path.stem.removesuffix("_") for path in (HERE / "oracles").glob("*.[Rp]*")}
    assert scripts - {"write", "writing"} == set(oracles())


def test_every_stored_value_is_compared_or_excused() -> None:
    assert without_counterpart(PAIRS) == []
    compared = {(pair.oracle, pair.key) for pair in PAIRS}
    stale = [(at, part) for at, part in NOT_COMPARED if any(at == o and part in k for o, k in compared)]
    assert stale == []


def test_the_documentation_shows_the_table_of_today() -> None:
    text = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    missing = [row for row in grouped(PAIRS) if row not in text]
    assert missing == []
