"""One thing that is wrong with a plan, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One fault of a plan file, at the place a person has to edit.

    Attributes:
        file: The plan's file, as the caller named it.
        line: Line in the file, counted from 1.
        column: Column in the line, counted from 1.
        key: Dotted name of the key; items of lists are counted from 0.
        message: What is wrong.
        expected: What would be right, or "" when the message says it.
        found: The kind of value found, never the value, or "".
    """

    file: str
    line: int
    column: int
    key: str
    message: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: "
        key = f"{self.key}: " if self.key else ""
        tail = [
            f"{word} {text}" for word, text in (("expected", self.expected), ("found", self.found)) if text
        ]
        return place + key + self.message + (f" ({', '.join(tail)})" if tail else "")


@dataclass(frozen=True)
class Problem:
    """A fault before its place in the file is looked up.

    `on_key` says whether the key itself is to be pointed at, or its value.
    """

    key: Key
    message: str
    expected: str = ""
    found: str = ""
    on_key: bool = False


def dotted(key: Key) -> str:
    """The key as people write it.

    Example:
        >>> dotted(("findings", 0, "id"))
        'findings.0.id'
    """
    return ".".join(str(part) for part in key)


def kind(value: Any) -> str:
    """The kind of a value in words, which says nothing about the value.

    Example:
        >>> kind("0.5"), kind(3), kind(True), kind([])
        ('text', 'whole number', 'true or false', 'list')
    """
    if isinstance(value, bool):
        return "true or false"
    words = {str: "text", int: "whole number", float: "number", list: "list", dict: "mapping"}
    return words.get(type(value), "nothing")
