"""The arguments that commands share, and the two liberties the command line takes with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from monitor.errors import UsageError

WorkspaceArgument = Annotated[Path, typer.Argument(help="Folder of the workspace.")]
ChangeArgument = Annotated[str, typer.Argument(help="For example CHG-0001.")]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--pseudonym-key",
        metavar="FILE",
        help="Key that makes pseudonyms of identifiers. Default: in the user's config folder.",
    ),
]
ReadingKeyOption = Annotated[
    Path | None,
    typer.Option("--pseudonym-key", metavar="FILE", help="Needed only where the databases are encrypted."),
]
SignerOption = Annotated[str, typer.Option("--signer", metavar="NAME", help="Printed name of the person.")]
RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help="One of the plan's roles.")]
SiteOption = Annotated[str, typer.Option("--site", metavar="SITE", help="As `pccp status` names it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The stable machine-readable form.")]

MissedUpToOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Count missed nights up to this day. Default: today."),
]

SEVERAL = {"replay": ("--predictions", "--outcomes")}
"""Options that take several values after one name."""


def repeat_options(arguments: Sequence[str]) -> list[str]:
    """`--predictions a b` as `--predictions a --predictions b`, where the workspace comes first.

    Example:
        >>> repeat_options(["replay", "w", "--predictions", "a", "b", "--until", "2026-01-01"])
        ['replay', 'w', '--predictions', 'a', '--predictions', 'b', '--until', '2026-01-01']
        >>> repeat_options(["replay", "--predictions", "a", "w"])
        ['replay', '--predictions', 'a', 'w']
    """
    if len(arguments) < 2 or arguments[0] not in SEVERAL or arguments[1].startswith("-"):
        return list(arguments)
    repeated, several, values = list(arguments[:2]), "", 0
    for argument in arguments[2:]:
        if argument.startswith("-"):
            several, values = (argument if argument in SEVERAL[arguments[0]] else ""), 0
        elif several:
            values += 1
            repeated += [several] if values > 1 else []
        repeated.append(argument)
    return repeated


def day(text: str | None, option: str) -> date | None:
    """A date given on the command line.

    Raises:
        UsageError: It is not of the form YYYY-MM-DD.

    Example:
        >>> day("2026-03-01", "--as-of")
        datetime.date(2026, 3, 1)
    """
    return None if text is None else required_day(text, option)


def required_day(text: str, option: str) -> date:
    """As `day`, of an option that must be given."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: expected a date of the form YYYY-MM-DD") from error


def today() -> date:
    """The one reading of the clock of a command that is given no date."""
    return date.today()


def existing(files: Sequence[Path]) -> list[Path]:
    """The files, each of which must be there.

    Raises:
        UsageError: Names the first one that is not a file.
    """
    for file in files:
        if not file.is_file():
            raise UsageError(f"{file}: no such file")
    return list(files)
