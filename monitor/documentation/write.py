"""A dossier on disk: the record, the page and its figures, the same bytes every time."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.documentation.evidence import Record
from monitor.documentation.figures import figures
from monitor.documentation.html import dossier_page
from monitor.hashing import canonical_json, sha256_text

FIGURE_NAMES = ("map", "reliability", "decision-curve", "waterfall")


def write_dossier(folder: Path, dossier: Record) -> dict[str, Path]:
    """Write dossier.json, dossier.html and figures/*.svg.

    dossier.json is the canonical JSON of the record without a final newline, so that its file hash and
    `sha256_record(dossier)` are the same number. Each file appears whole or not at all.

    Args:
        folder: Of this change, made if absent; file names inside it are fixed.
        dossier: The record, as `dossier()` made it.

    Returns:
        Paths by name: "json", "html", and "figures/<name>" for each figure drawn.

    Raises:
        ValueError: The record holds a number that JSON cannot carry.
    """
    text = canonical_json(dossier)
    drawn = figures(dossier)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name in set(FIGURE_NAMES) - set(drawn):
        (folder / "figures" / f"{name}.svg").unlink(missing_ok=True)
    paths = {
        f"figures/{name}": _write(folder / "figures" / f"{name}.svg", svg) for name, svg in drawn.items()
    }
    page = dossier_page(dossier, drawn, sha256_text(text))
    return {
        "json": _write(folder / "dossier.json", text),
        "html": _write(folder / "dossier.html", page),
        **paths,
    }


def _write(path: Path, text: str) -> Path:
    part = path.with_name(path.name + ".part")
    part.write_bytes(text.encode())
    os.replace(part, path)  # noqa: PTH105  replaces on every platform
    return path
