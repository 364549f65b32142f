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
TEMPLATE: Final = "dossier.typ"


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
    text = json.dumps(content(dossier, drawings, content_sha256), ensure_ascii=False)
    template = resources.files("monitor.documentation.pdf").joinpath(TEMPLATE).read_bytes()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / TEMPLATE).write_bytes(template)
        (folder / "dossier.json").write_bytes(text.encode())
        return _compiled(folder)


def _compiled(folder: Path) -> bytes:
    import typst

    fonts = folder / "fonts"
    fonts.mkdir()
    for file in font_files():
        shutil.copyfile(file, fonts / file.name)
    known = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
    return typst.compile(
        str(folder / TEMPLATE),
        root=str(folder),
        font_paths=known,
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=list(STANDARDS),
    )
