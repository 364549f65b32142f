"""Documents and keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.arguments import ChangeArgument, KeyOption, WorkspaceArgument, required_day
from flows.terminal import complain, plain, say
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.registry import Change

FORMATS = {
    "html": ("dossier.html",),
    "pdf": ("dossier.pdf",),
    "json": ("dossier.json",),
    "all": ("dossier.html", "dossier.pdf", "dossier.json"),
}
KeyArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[KEYFILE]", help="Default: signing.key in the user's config folder."),
]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: pccp document site-network CHG-0001 --format all")(document)
    app.command(epilog="Example: pccp archive site-network --before 2026-01-01 --dry-run")(archive)
    key = typer.Typer(help="Make, protect or show a signing key.", no_args_is_help=True)
    key.command("new", epilog="Example: pccp key new signing.key --protect")(new)
    key.command("protect", epilog="Example: pccp key protect signing.key")(protect)
    key.command("show", epilog="Example: pccp key show signing.key")(show)
    app.add_typer(key, name="key")


def document(
    workspace: WorkspaceArgument,
    change: ChangeArgument,
    chosen: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="html, pdf, json or all.")
    ] = "html",
    pseudonym_key: KeyOption = None,
) -> None:
    """Print where a change's dossier is.

    It is written again if its files are not those on record.
    """
    from monitor.operation.dossiers import issue
    from monitor.operation.workspace import open_workspace

    if chosen not in FORMATS:
        raise UsageError(f"--format {chosen}: expected one of {', '.join(FORMATS)}")
    if not _issued(workspace, change, FORMATS[chosen]):
        with open_workspace(workspace, pseudonym_key) as opened:
            issue(opened, _known(opened.state.changes, change))
            opened.store.publish_snapshot()
    for name in FORMATS[chosen]:
        say(str(workspace / "dossiers" / change / name))


def archive(
    workspace: WorkspaceArgument,
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="Cohorts that lie wholly before it may leave.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would leave.")] = False,
    pseudonym_key: KeyOption = None,
) -> None:
    """Take old rows out of the working database.

    Cohorts that a night has read and nothing open needs leave monitor.duckdb and its snapshot; their counts
    and keys stay. The folder archive/, which is the evidence, keeps every row and is not touched.
    """
    from monitor.operation.archiving import archive as take_out

    limit = required_day(before, "--before")
    done = take_out(workspace, limit, dry_run=dry_run, key_file=pseudonym_key)
    would = "would leave" if dry_run else "left"
    if not done.places:
        say(f"no rows of cohorts before {limit} can leave monitor.duckdb")
    for place in done.places:
        where = plain(f"{place['site']} {place['finding']}")
        span = f"{place['from']} to {place['to']}"
        say(f"  {where}: {place['cohorts']} cohorts ({span}), {place['predictions']} predictions")
    for kept in done.kept:
        where = plain(f"{kept.place.site} {kept.place.finding}")
        say(f"  {where}: {kept.cohorts} cohorts from {kept.first} on stay: {kept.why}")
    if done.places:
        say(f"{done.predictions} predictions and {done.outcomes} outcomes {would} monitor.duckdb")
    if done.bytes_before is not None and done.bytes_after is not None:
        say(f"monitor.duckdb: {megabytes(done.bytes_before)} before, {megabytes(done.bytes_after)} after")


def megabytes(size: int) -> str:
    """A file's size.

    Example:
        >>> megabytes(12_345_678)
        '12.3 MB'
    """
    return f"{size / 1e6:.1f} MB"


def new(
    keyfile: KeyArgument = None,
    protect: Annotated[
        bool, typer.Option("--protect", help="Ask for a passphrase that encrypts it.")
    ] = False,
) -> None:
    """Make an Ed25519 signing key, readable by its owner only."""
    from monitor.registry import key_id, new_key

    path = keyfile or _default()
    passphrase = _ask(path, twice=True) if protect else None
    public = new_key(path, passphrase)
    complain(f"{path}: made; key id {key_id(public)}. This text belongs under the role's keys in the plan:")
    say(public)


def protect(keyfile: KeyArgument = None) -> None:
    """Encrypt the file of a signing key with a passphrase.

    The key stays the one that the plan lists. Signing in the browser needs a protected key.
    """
    from monitor.registry import key_id, key_is_protected, protect_key

    path = keyfile or _default()
    if key_is_protected(path):
        raise UsageError(f"{path}: a passphrase protects this key already")
    public = protect_key(path, _ask(path, twice=True))
    complain(f"{path}: encrypted; key id {key_id(public)}")


def show(keyfile: KeyArgument = None) -> None:
    """Print a key's public half, as a plan lists it."""
    from monitor.registry import key_id, key_is_protected, public_key_text

    path = keyfile or _default()
    public = public_key_text(path, _ask(path) if key_is_protected(path) else None)
    complain(f"key id {key_id(public)}")
    say(public)


def _issued(workspace: Path, name: str, files: tuple[str, ...]) -> bool:
    """True when these files are there, beside the dossier.json whose hash the ledger has."""
    from monitor.hashing import sha256_file
    from monitor.operation.reading.status import read_state
    from monitor.operation.workspace import read_plan

    recorded = _known(read_state(workspace, read_plan(workspace)).changes, name).dossier
    folder = workspace / "dossiers" / name
    if recorded is None or not all((folder / file).exists() for file in ("dossier.json", *files)):
        return False
    return sha256_file(folder / "dossier.json") == recorded["sha256"]


def _known(changes: dict[str, Change], name: str) -> Change:
    if name not in changes:
        raise UsageError(f"{name}: no such change; there are {', '.join(changes) or 'none'}")
    return changes[name]


def _ask(path: Path, *, twice: bool = False) -> str:
    return typer.prompt(f"Passphrase of {path}", hide_input=True, confirmation_prompt=twice, err=True)


def _default() -> Path:
    from monitor.operation.keys import default_key_path

    return default_key_path().with_name("signing.key")
