"""What an unquoted YAML word means: the YAML 1.2 core rules, without their surprises.

`NO` is text, `1e-3` a number, `12:30` and `2026-03-01` text. Forms that other readers take for
something else (`010`, `0x1F`, `.inf`, `~`) are refused, so that nobody has to know who is right.
"""

from __future__ import annotations

import math
import re

MAXIMUM_DIGITS = 30

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
OTHER_BASE = re.compile(r"[-+]?0[xob][0-9a-fA-F]+")
NUMBER_WITH_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
NULL = frozenset({"", "~", "null", "Null", "NULL"})
TRUE = frozenset({"true", "True", "TRUE"})
FALSE = frozenset({"false", "False", "FALSE"})


def scalar(word: str) -> str | int | float | bool:
    """The value of an unquoted word.

    Raises:
        ValueError: The word stands for nothing, or readers of YAML disagree about it. The message is
            what is wrong, a bar, and what is expected.

    Example:
        >>> scalar("NO"), scalar("1e-3"), scalar("10"), scalar("true"), scalar("1.0.0")
        ('NO', 0.001, 10, True, '1.0.0')
        >>> scalar("010")
        Traceback (most recent call last):
        ValueError: some readers take this number for octal|the number without the leading zero, or quotes
    """
    if word in NULL:
        raise ValueError("the key has no value|a value, or no key at all")
    if word in TRUE or word in FALSE:
        return word in TRUE
    refuse_ambiguous(word)
    if len(word) > MAXIMUM_DIGITS and FLOAT.fullmatch(word):
        raise ValueError(f"the number is too long|at most {MAXIMUM_DIGITS} characters")
    if INTEGER.fullmatch(word):
        return int(word)
    return finite(word) if FLOAT.fullmatch(word) else word


def refuse_ambiguous(word: str) -> None:
    """Refuse the words that readers of YAML take for different values.

    Raises:
        ValueError: The word is one of them.
    """
    if LEADING_ZERO.fullmatch(word):
        raise ValueError(
            "some readers take this number for octal|the number without the leading zero, or quotes"
        )
    if OTHER_BASE.fullmatch(word) or NUMBER_WITH_UNDERSCORES.fullmatch(word):
        raise ValueError("readers disagree whether this is a number|a plain decimal number, or quotes")
    if NOT_FINITE.fullmatch(word):
        raise ValueError("the number is not finite|a finite number")


def finite(word: str) -> float:
    """The number a decimal word stands for.

    Raises:
        ValueError: It is too large for a double.
    """
    number = float(word)
    if not math.isfinite(number):
        raise ValueError("the number is too large|a number below 1e308")
    return number
