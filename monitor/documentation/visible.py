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
    return text if text.isprintable() else text.translate(SHOWN)


class _Shown(dict[int, int | str]):
    """What stands for a character, by its code point, worked out when it is first met."""

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        hides = character not in KEPT and unicodedata.category(character) in HIDING
        self[code] = f"[U+{code:04X}]" if hides else code
        return self[code]


SHOWN: Final = _Shown()
