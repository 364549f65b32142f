"""A figure for the document: its SVG, the words that stand for it, and how wide it is printed."""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree

FULL_WIDTH: Final = 620.0
"""Points of a drawing that fill the text's width; the letters of all drawings have one size."""


def drawing(svg: str) -> dict[str, Any]:
    """What the document needs of a figure.

    Raises:
        ValueError: The figure has no title or no description.

    Example:
        >>> found = drawing('<svg viewBox="0 0 310 9"><title>Two maps</title><desc>Both rise.</desc></svg>')
        >>> found["alt"], found["share"]
        ('Two maps. Both rise.', 0.5)
    """
    root = ElementTree.fromstring(svg)  # noqa: S314  our own drawing, its texts escaped
    words = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in root}
    title, description = words.get("title"), words.get("desc")
    if not title or not description:
        raise ValueError("a figure without title and description cannot be put into the document")
    width = float(root.attrib["viewBox"].split()[2])
    share = min(1.0, round(width / FULL_WIDTH, 2))
    return {"alt": f"{title}. {description}", "share": share, "svg": svg}
