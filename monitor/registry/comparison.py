"""Compares a recorded body with the one derived again, and names each number that does not hold."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from monitor.hashing import canonical_json

RELATIVE_ROUNDING = 1e-9
"""Processors differ in the last digits of logarithms and sums; nobody can forge a result inside this."""
ABSOLUTE_ROUNDING = 1e-12
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Problem:
    """Something that does not hold; as text one line of visible characters, whatever a forger wrote.

    Attributes:
        where: The ledger entry, file or database.
        what: What is wrong with it: expected and found.
    """

    where: str
    what: str

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        return "".join(character if character.isprintable() else "?" for character in text)


@dataclass(frozen=True)
class Comparison:
    """How a derived body stands to the recorded one.

    Attributes:
        differences: One text for each value that does not hold, in the order of the body.
        rounded: Numbers that differ by rounding only; 0 on a machine like the recording one.
    """

    differences: tuple[str, ...]
    rounded: int


def compare(recorded: Any, derived: Any) -> Comparison:
    """Compare two bodies value by value.

    Example:
        >>> recorded = {"criteria": [{"id": "G2", "limit": 0.802}]}
        >>> compare(recorded, {"criteria": [{"id": "G2", "limit": 0.799}]})
        Comparison(differences=('criteria G2 limit: recorded 0.802, re-derived 0.799',), rounded=0)
        >>> compare({"n": 3, "log_r": 0.1 + 0.2}, {"n": 3, "log_r": 0.3})
        Comparison(differences=(), rounded=1)
    """
    found = list(_walk((), recorded, json.loads(canonical_json(derived))))
    told = tuple(text for text in found if text is not None)
    return Comparison(told, len(found) - len(told))


def _walk(path: tuple[str, ...], recorded: Any, derived: Any) -> Iterator[str | None]:
    """One text for each difference, None for one by rounding."""
    if isinstance(recorded, dict) and isinstance(derived, dict):
        for key in sorted({*recorded, *derived}):
            yield from _walk((*path, str(key)), recorded.get(key, _ABSENT), derived.get(key, _ABSENT))
    elif isinstance(recorded, list) and isinstance(derived, list) and len(recorded) == len(derived):
        for number, (one, other) in enumerate(zip(recorded, derived, strict=True)):
            yield from _walk((*path, _label(one, number)), one, other)
    elif _close(recorded, derived):
        yield None
    elif type(recorded) is not type(derived) or recorded != derived:
        yield f"{' '.join(path) or 'body'}: recorded {_shown(recorded)}, re-derived {_shown(derived)}"


_ABSENT = object()


def _close(recorded: Any, derived: Any) -> bool:
    """True for two different floats that rounding explains."""
    return (
        isinstance(recorded, float)
        and isinstance(derived, float)
        and recorded != derived
        and math.isclose(recorded, derived, rel_tol=RELATIVE_ROUNDING, abs_tol=ABSOLUTE_ROUNDING)
    )


def _label(item: Any, number: int) -> str:
    name: Any = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) else str(number)


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, list):
        return f"{len(value)} values"
    text = canonical_json(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."
