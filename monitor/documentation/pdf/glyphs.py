"""The fonts of the document, and texts that these fonts can print.

matplotlib brings the DejaVu fonts along, so no font of the machine is used, the figures are set in the font
they were measured with, and the same record gives the same bytes everywhere.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from monitor.documentation.visible import visible

FONTS: Final = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSans-BoldOblique.ttf",
    "DejaVuSansMono.ttf",
)
PRINTED_WITH: Final = FONTS[:2]


def font_files() -> list[Path]:
    """The fonts of the document; those beside them, such as a font of placeholders, stay out."""
    from matplotlib import get_data_path

    return [Path(get_data_path()) / "fonts" / "ttf" / name for name in FONTS]


def printable(text: str) -> str:
    """The text with every character that hides, or that the fonts cannot print, replaced by its code point.

    An archival file may not hold an empty box in the place of a character.

    Example:
        >>> printable("Çelik, Ελένη"), printable("a\\u202eb"), printable("東")
        ('Çelik, Ελένη', 'a[U+202E]b', '[U+6771]')
    """
    known = _known() | {ord("\n"), ord("\t")}
    return "".join(
        character if ord(character) in known else f"[U+{ord(character):04X}]" for character in visible(text)
    )


@cache
def _known() -> frozenset[int]:
    """Characters that the upright fonts of running text all have."""
    from matplotlib.ft2font import FT2Font

    maps = [FT2Font(str(file)).get_charmap() for file in font_files() if file.name in PRINTED_WITH]
    return frozenset(set.intersection(*(set(found) for found in maps)))
