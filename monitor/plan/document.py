"""A plan file as plain data that remembers where everything stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from monitor.plan.fault import Fault, Key, Problem, dotted

Place = tuple[int, int]


@dataclass
class Document:
    """A plan file as plain data, with the line and column of every key and value.

    Attributes:
        file: The file's name, for messages.
        content: Mappings, lists, texts, numbers and booleans; `None` where a value was refused.
        keys: Place of each mapping key, by its path.
        values: Place of each value, by its path.
        faults: What was refused while reading.
        refused: The paths of values that were refused, so that nothing else is said about them.
        complete: False when reading stopped before the end of the file.
    """

    file: str
    content: Any = None
    keys: dict[Key, Place] = field(default_factory=dict[Key, Place])
    values: dict[Key, Place] = field(default_factory=dict[Key, Place])
    faults: list[Fault] = field(default_factory=list[Fault])
    refused: set[Key] = field(default_factory=set[Key])
    complete: bool = False

    def place(self, key: Key, *, on_key: bool = False) -> Place:
        """Line and column of a value or key; of the nearest parent when the file does not hold it."""
        if not on_key and key in self.values:
            return self.values[key]
        while key:
            if key in self.keys:
                return self.keys[key]
            if key in self.values:
                return self.values[key]
            key = key[:-1]
        return (1, 1)

    def fault(self, problem: Problem) -> Fault:
        """The problem with its place in the file."""
        line, column = self.place(problem.key, on_key=problem.on_key)
        return Fault(
            self.file, line, column, dotted(problem.key), problem.message, problem.expected, problem.found
        )

    def refuse(self, place: Place, key: Key, message: str, expected: str) -> None:
        """Record a fault at a place of the file."""
        self.faults.append(Fault(self.file, *place, dotted(key), message, expected))
        self.refused.add(key)
