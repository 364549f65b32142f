"""Which specification test covers which part of the protocol: one data file, read once."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from monitor.documentation.evidence import Record

FILE = "spec_tests.json"


@cache
def spec_tests() -> dict[str, list[dict[str, str]]]:
    """By part of the protocol: the requirement, the test that fails when it does not hold, and the section.

    Example:
        >>> spec_tests()["update_procedures"][0]["requirement"]
        'Only an accepted change is approved'
    """
    return json.loads(resources.files("monitor.documentation").joinpath(FILE).read_text(encoding="utf-8"))


def with_tests(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the traceability table, each with the tests of its part."""
    return [{**row, "tests": [dict(test) for test in _of(row)]} for row in rows]


def _of(row: Record) -> list[dict[str, str]]:
    return spec_tests()[row["part"]]
