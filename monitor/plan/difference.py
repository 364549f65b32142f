"""What differs between two plans, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from monitor.hashing import canonical_json
from monitor.plan.fault import Key, dotted
from monitor.plan.model import ChangePlan

LONGEST_VALUE = 80
"""Characters of a value that a difference shows."""
NOTHING = "no such key"


class Difference(NamedTuple):
    """One key whose value is not the same in both plans, each value as short JSON."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key}: {self.old} became {self.new}"


def difference(old: ChangePlan, new: ChangePlan) -> list[Difference]:
    """Every key whose value differs, in the order of the plan.

    Args:
        old: The plan before.
        new: The plan after.

    Returns:
        Nothing when both plans have the same SHA-256.
    """
    return [
        Difference(dotted(key), _short(before), _short(after))
        for key, before, after in compare(
            old.model_dump(mode="json", exclude_none=True), new.model_dump(mode="json", exclude_none=True)
        )
    ]


_ABSENT: Any = object()


def compare(old: Any, new: Any, key: Key = ()) -> Iterator[tuple[Key, Any, Any]]:
    """The deepest keys at which two pieces of plain data differ.

    Example:
        >>> list(compare({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]}))
        [(('b', 1), 2, 3)]
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from compare(old.get(name, _ABSENT), new.get(name, _ABSENT), (*key, name))
    elif isinstance(old, list) and isinstance(new, list):
        for position in range(max(len(old), len(new))):
            yield from compare(_item(old, position), _item(new, position), (*key, position))
    elif type(old) is not type(new) or old != new:
        yield key, old, new


def _item(values: list[Any], position: int) -> Any:
    return values[position] if position < len(values) else _ABSENT


def _short(value: Any) -> str:
    text = NOTHING if value is _ABSENT else canonical_json(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
