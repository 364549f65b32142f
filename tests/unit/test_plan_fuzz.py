"""Whatever the bytes are, a plan is loaded or refused as a plan; nothing else is raised."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import PlanError
from monitor.plan import check, load
from monitor.plan.yaml import parse

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "change_plans" / "ist_stroke.yaml").read_text(encoding="utf-8")
LINES = TEXT.splitlines()
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FRAGMENTS = [
    "&a ",
    "*a",
    "!x ",
    "<<: ",
    "- ",
    ": ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "|",
    ">",
    "%",
    "\t",
    "\r",
    "#",
]
FRAGMENTS += [
    "\\U0010FFFF",
    "---\n",
    "...\n",
    "@",
    "`",
    "é",
    "\u202e",
    "0x1",
    "1e9999",
    "~",
    "\n",
    "\n  ",
    "\x00",
]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


def judged(content: bytes) -> None:
    """The faults of a plan with these bytes agree with what `load` does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.yaml"
        path.write_bytes(content)
        faults = check(path)
        assert all(fault.line >= 1 and fault.column >= 1 for fault in faults)
        assert refusal_of(path) == "\n".join(map(str, faults))


def refusal_of(path: Path) -> str:
    try:
        load(path)
    except PlanError as error:
        return str(error)
    return ""


@QUIET
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    judged(content)


@QUIET
@given(st.lists(st.sampled_from([*FRAGMENTS, "a", "plan", "criteria", " "]), max_size=30).map("".join))
def test_any_yaml_like_text(text: str) -> None:
    judged(text.encode())


@FEW
@given(st.integers(0, len(TEXT)), st.integers(0, 30), st.sampled_from(FRAGMENTS) | st.text(max_size=5))
def test_an_edit_anywhere_in_a_plan(at: int, cut: int, put: str) -> None:
    judged((TEXT[:at] + put + TEXT[at + cut :]).encode("utf-8", "surrogatepass"))


@FEW
@given(st.integers(0, len(LINES) - 1), st.integers(1, 5))
def test_lines_missing_anywhere_in_a_plan(at: int, count: int) -> None:
    judged("\n".join(LINES[:at] + LINES[at + count :]).encode())


@FEW
@given(st.data())
def test_any_value_at_any_key(data: st.DataObject) -> None:
    content = parse("plan.yaml", TEXT).content
    parent, name = data.draw(st.sampled_from(list(places(content))))
    parent[name] = data.draw(VALUES)
    judged(json.dumps(content, ensure_ascii=True).encode())


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in list(items):
        yield value, name
        yield from places(item)
