"""Writes the pages of this folder that are made of the program itself. Usage: python docs/make.py"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))


def pages() -> Mapping[str, str]:
    """Text by name of the page."""
    from flows.command_reference import command_reference
    from flows.markdown import data_dictionary
    from monitor.plan import load

    return {
        "commands.md": command_reference(),
        "data-dictionary.md": data_dictionary(load(DOCS.parent / "change_plans" / "template.yaml")),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}: {len(text.splitlines())} lines")
