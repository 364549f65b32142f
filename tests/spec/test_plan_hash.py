"""The plan's hash binds every record: layout does not change it, any value does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from monitor.errors import PlanError
from monitor.plan import LoadedPlan, canonical, load
from monitor.plan.yaml import parse

PLAN = Path(__file__).parents[2] / "change_plans" / "chest_xray_pneumothorax.yaml"
TEXT = PLAN.read_text(encoding="utf-8")


def loaded(folder: Path, text: str) -> LoadedPlan:
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def content() -> Any:
    return parse("plan.yaml", TEXT).content


def leaves(value: Any, key: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in items:
            yield from leaves(item, (*key, name))
    else:
        yield key


def reversed_mappings(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reversed_mappings(value[name]) for name in reversed(value)}
    return [reversed_mappings(item) for item in value] if isinstance(value, list) else value


def as_yaml(value: Any) -> str:
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(value, stream)
    return stream.getvalue()


def test_the_hash_is_of_the_canonical_form() -> None:
    plan = load(PLAN)
    assert len(plan.sha256) == 64
    assert json.loads(canonical(plan.plan)) == plan.plan.model_dump(mode="json", exclude_none=True)
    assert plan.text == TEXT
    assert plan.path == PLAN


def test_comments_and_line_endings_do_not_change_the_hash(tmp_path: Path) -> None:
    bare = "\n".join(line.split(" #")[0] for line in TEXT.splitlines() if not line.startswith("#"))
    assert loaded(tmp_path, bare).sha256 == load(PLAN).sha256
    (tmp_path / "windows.yaml").write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert load(tmp_path / "windows.yaml").sha256 == load(PLAN).sha256


def test_the_order_of_keys_does_not_change_the_hash(tmp_path: Path) -> None:
    assert loaded(tmp_path, json.dumps(reversed_mappings(content()))).sha256 == load(PLAN).sha256


def test_a_whole_number_is_the_same_number(tmp_path: Path) -> None:
    assert (
        loaded(tmp_path, TEXT.replace("standard_errors: 1}", "standard_errors: 1.0}")).sha256
        == load(PLAN).sha256
    )


def test_json_is_read_as_the_yaml_it_is(tmp_path: Path) -> None:
    assert loaded(tmp_path, as_yaml(content())).sha256 == load(PLAN).sha256


def changed(value: Any) -> list[Any]:
    """Other values of the same kind, of which at least one is allowed at most places."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value * 0.9, value * 1.1, value - 0.001]
    return [
        value + "x",
        "2.0.0",
        "day",
        "weekly",
        "original",
        "aware",
        "not_contradicted",
        "software",
        "Europe/Rome",
    ]


@pytest.mark.parametrize("key", list(leaves(content())), ids=lambda key: ".".join(map(str, key)))
def test_any_value_changes_the_hash_or_is_refused(key: tuple[str | int, ...], tmp_path: Path) -> None:
    original = content()
    for part in key[:-1]:
        original = original[part]
    for value in changed(original[key[-1]]):
        if value != original[key[-1]] and (sha256 := hash_with(tmp_path, key, value)):
            assert sha256 != load(PLAN).sha256
            return


def hash_with(folder: Path, key: tuple[str | int, ...], value: Any) -> str | None:
    """The hash of the plan with another value at one place, or nothing when it is refused."""
    edited = content()
    parent = edited
    for part in key[:-1]:
        parent = parent[part]
    parent[key[-1]] = value
    try:
        return loaded(folder, json.dumps(edited)).sha256
    except PlanError:
        return None
