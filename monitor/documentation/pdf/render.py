"""From plain data to the bytes of a PDF/A-2a and PDF/UA-1 file, in a folder of its own, without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from monitor.documentation.evidence import Record
from monitor.documentation.pdf.content import content
from monitor.documentation.pdf.glyphs import font_files

STANDARDS: Final[tuple[Any, ...]] = ("a-2a", "ua-1")
PACKAGE: Final = "monitor.documentation.pdf"
BLOCKS: Final = "blocks.typ"
"""What every template imports."""


def dossier_pdf(dossier: Record, drawings: Mapping[str, str], content_sha256: str) -> bytes:
    """The dossier as a tagged, archival PDF: same bytes for the same record.

    Texts reach the typesetter as a JSON file beside a fixed template; none of them becomes its source.

    Args:
        dossier: The record, as `dossier()` made it.
        drawings: SVG text by figure name, as `figures()` drew it.
        content_sha256: SHA-256 of dossier.json, printed on every page.

    Returns:
        A file that the typesetter has checked against PDF/A-2a and PDF/UA-1.

    Raises:
        ValueError: A drawing has no alternative text.

    References:
        ISO 19005-2:2011 (PDF/A-2), level A. ISO 14289-1:2014 (PDF/UA-1).
    """
    return typeset("dossier.typ", "dossier.json", content(dossier, drawings, content_sha256))


def typeset(template: str, record: str, found: Record) -> bytes:
    """A PDF of plain data, checked against both standards.

    Args:
        template: A .typ file of this package.
        record: Name by which the template reads the data.
        found: The data, every text printable.
    """
    package = resources.files(PACKAGE)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in (template, BLOCKS):
            (folder / file).write_bytes(package.joinpath(file).read_bytes())
        (folder / record).write_bytes(json.dumps(found, ensure_ascii=False).encode())
        return _compiled(folder, template)


def _compiled(folder: Path, template: str) -> bytes:
    import typst

    fonts = folder / "fonts"
    fonts.mkdir()
    for file in font_files():
        shutil.copyfile(file, fonts / file.name)
    known = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
    return typst.compile(
        str(folder / template),
        root=str(folder),
        font_paths=known,
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=list(STANDARDS),
    )
