"""Every command with its help, as Markdown: `docs/commands.md` is this, and a test keeps it so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WIDTH = 100


def command_reference() -> str:
    """The help of every command, in the order of `pccp --help`, in a terminal of 100 columns."""
    from typer.main import get_command

    from flows.cli import app

    parts = [
        "# Commands",
        "Written by `make docs` from the program's own help; `pccp COMMAND --help` says the same.",
    ]
    for name, text in _helps(get_command(app), "pccp", None):
        parts.append(f"{'#' * (2 if name.count(' ') < 2 else 3)} `{name}`\n\n```\n{text.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _helps(command: Any, name: str, above: Any) -> Iterator[tuple[str, str]]:
    """Name and help of a command, then of those inside it."""
    context = command.make_context(name, [], parent=above, resilient_parsing=True, terminal_width=WIDTH)
    context.info_name = name if above is None else command.name
    yield name, command.get_help(context)
    for inner in getattr(command, "commands", {}).values():
        yield from _helps(inner, f"{name} {inner.name}", context)
