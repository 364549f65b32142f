"""A subgroup's condition: a small language of comparisons, read into a frozen tree and never executed.

sex = 'F' and age < 40
view in ('PA', 'AP') and not (age >= 65 or kvp < 100)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 400
DEEPEST = 20
TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?\d+(?:\.\d+)?)|'(?P<text>[^']*)'|(?P<name>[A-Za-z][A-Za-z0-9_.-]*)"
    r"|(?P<sign><=|>=|!=|=|<|>|\(|\)|,))"
)
ORDERED = ("<", "<=", ">", ">=")
COMPARISONS = ("=", "!=", *ORDERED)
WORDS = ("and", "or", "not", "in")

Value = float | str


class ConditionError(ValueError):
    """The text is no condition; the message says where and what was expected."""


@dataclass(frozen=True)
class Comparison:
    """A covariate against values: one value, or several with `in`."""

    name: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    """True where its part is false; unknown stays unknown."""

    part: Condition


@dataclass(frozen=True)
class And:
    """True where all parts are."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """True where any part is."""

    parts: tuple[Condition, ...]


Condition = Comparison | Not | And | Or


def parse(text: str) -> Condition:
    """The tree of a condition.

    Args:
        text: Comparisons of names with numbers or 'texts', joined by and, or, not, in, parentheses.

    Returns:
        The frozen tree.

    Raises:
        ConditionError: Names the place and what was expected there.

    Example:
        >>> parse("age < 40")
        Comparison(name='age', operator='<', values=(40.0,))
        >>> parse("age < 40 or")
        Traceback (most recent call last):
        monitor.plan.condition.ConditionError: at the end: expected the name of a covariate
    """
    if len(text) > LONGEST:
        raise ConditionError(f"the condition is longer than {LONGEST} characters")
    reader = _Reader(_tokens(text))
    found = _either(reader, 0)
    if reader.kind:
        raise reader.fault("expected 'and', 'or' or the end")
    return found


def comparisons(condition: Condition) -> tuple[Comparison, ...]:
    """Every comparison of a condition, in the order of the text."""
    if isinstance(condition, Comparison):
        return (condition,)
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return tuple(found for part in parts for found in comparisons(part))


Token = tuple[str, str, int]


def _tokens(text: str) -> list[Token]:
    """(kind, text, place), where the kind of a reserved word is the word itself."""
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            place = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            raise ConditionError(f"at character {place}: expected a name, a number, 'text' or a comparison")
        kind = str(match.lastgroup)
        word = match.group(kind)
        if kind == "sign" or (kind == "name" and word in WORDS):
            kind = word
        found.append((kind, word, match.start(match.lastgroup or 0) + 1))
        at = match.end()
    return found


class _Reader:
    """The tokens, and the one whose turn it is."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self, *kinds: str, expected: str) -> str:
        if self.kind not in kinds:
            raise self.fault(f"expected {expected}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def fault(self, why: str) -> ConditionError:
        place = f"at character {self.tokens[self.at][2]}" if self.at < len(self.tokens) else "at the end"
        return ConditionError(f"{place}: {why}")


def _either(reader: _Reader, depth: int) -> Condition:
    parts = [_both(reader, depth)]
    while reader.kind == "or":
        reader.take("or", expected="or")
        parts.append(_both(reader, depth))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _both(reader: _Reader, depth: int) -> Condition:
    parts = [_single(reader, depth)]
    while reader.kind == "and":
        reader.take("and", expected="and")
        parts.append(_single(reader, depth))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _single(reader: _Reader, depth: int) -> Condition:
    if depth > DEEPEST:
        raise reader.fault(f"more than {DEEPEST} parentheses or 'not' inside each other")
    if reader.kind == "not":
        reader.take("not", expected="not")
        return Not(_single(reader, depth + 1))
    if reader.kind == "(":
        reader.take("(", expected="(")
        inner = _either(reader, depth + 1)
        reader.take(")", expected="')'")
        return inner
    return _comparison(reader)


def _comparison(reader: _Reader) -> Comparison:
    name = reader.take("name", expected="the name of a covariate")
    operator = reader.take(*COMPARISONS, "in", expected="a comparison (= != < <= > >= in)")
    if operator != "in":
        return Comparison(name, operator, (_value(reader),))
    reader.take("(", expected="'(' and a list of values")
    values = [_value(reader)]
    while reader.kind == ",":
        reader.take(",", expected=",")
        values.append(_value(reader))
    reader.take(")", expected="')'")
    return Comparison(name, operator, tuple(values))


def _value(reader: _Reader) -> Value:
    kind = reader.kind
    word = reader.take("number", "text", expected="a number or a 'text'")
    return float(word) if kind == "number" else word
