"""Texts from files made safe to look at: characters that reorder or hide are shown by their code."""

from __future__ import annotations

import unicodedata
from typing import Final

KEPT: Final = frozenset("\n\t")
HIDING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    """The text with every control, format and bidirectional character replaced by its code point.

    Such characters can make a name read as another; names in any script stay as they are.

    Example:
        >>> visible("St Mary"), visible("abc\\u202edef"), visible("a\\x00b")
        ('St Mary', 'abc[U+202E]def', 'a[U+0000]b')
    """
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in KEPT or unicodedata.category(character) not in HIDING:
        return character
    return f"[U+{ord(character):04X}]"
