"""A dossier on disk: the record, the page, the PDF and the figures, the same bytes every time."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.documentation.evidence import Record
from monitor.documentation.figures import figures
from monitor.documentation.html import dossier_page
from monitor.documentation.pdf import dossier_pdf
from monitor.hashing import canonical_json, sha256_text

FIGURE_NAMES = (
    *("map", "reliability", "over-time", "decision-curve", "reclassification", "subgroups", "waterfall"),
)


def write_dossier(folder: Path, dossier: Record) -> dict[str, Path]:
    """Write dossier.json, dossier.html, dossier.pdf and figures/*.svg.

    dossier.json is the canonical JSON of the record without a final newline, so that its file hash and
    `sha256_record(dossier)` are the same number. Each file appears whole or not at all.

    Args:
        folder: Of this change, made if absent; file names inside it are fixed.
        dossier: The record, as `dossier()` made it.

    Returns:
        Paths by name: "json", "html", "pdf", and "figures/<name>" for each figure drawn.

    Raises:
        ValueError: The record holds a number that JSON cannot carry.
    """
    text = canonical_json(dossier)
    drawn = figures(dossier)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name in set(FIGURE_NAMES) - set(drawn):
        (folder / "figures" / f"{name}.svg").unlink(missing_ok=True)
    paths = {
        f"figures/{name}": _write(folder / "figures" / f"{name}.svg", svg.encode())
        for name, svg in drawn.items()
    }
    digest = sha256_text(text)
    page, pdf = dossier_page(dossier, drawn, digest), dossier_pdf(dossier, drawn, digest)
    return {
        "json": _write(folder / "dossier.json", text.encode()),
        "html": _write(folder / "dossier.html", page.encode()),
        "pdf": _write(folder / "dossier.pdf", pdf),
        **paths,
    }


def _write(path: Path, content: bytes) -> Path:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)  # noqa: PTH105  replaces on every platform
    return path
