"""What only a person decides: approve or decline a change, close an alarm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.arguments import ChangeArgument, KeyOption, RoleOption, SignerOption, WorkspaceArgument
from flows.terminal import plain, say

if TYPE_CHECKING:
    from monitor.operation.people.signing import Signatory

SigningKeyOption = Annotated[
    Path, typer.Option("--key", metavar="KEYFILE", help="Signing key made by `pccp key new`.")
]
MeaningOption = Annotated[
    str, typer.Option("--meaning", metavar="TEXT", help="What the signature means, in the signer's words.")
]
SIGN = '--signer "A. Person" --role clinical_lead --key signing.key --meaning'


def register(app: typer.Typer) -> None:
    app.command(epilog=f'Example: pccp approve site-network CHG-0001 {SIGN} "I approve this change"')(approve)
    app.command(epilog=f'Example: pccp decline site-network CHG-0001 {SIGN} "The scanner is replaced"')(
        decline
    )
    app.command(
        epilog='Example: pccp close site-network ALM-0001 --signer "A. Person" --role quality_lead '
        '--cause data --reason "Outcomes were mapped twice in May"'
    )(close)


def approve(
    workspace: WorkspaceArgument,
    change: ChangeArgument,
    signer: SignerOption,
    role: RoleOption,
    key: SigningKeyOption,
    meaning: MeaningOption,
    pseudonym_key: KeyOption = None,
) -> None:
    """Sign and deploy an accepted change.

    Its calibrator becomes the live one of its site.
    """
    _decide("approval", workspace, change, (signer, role, key, meaning), pseudonym_key)


def decline(
    workspace: WorkspaceArgument,
    change: ChangeArgument,
    signer: SignerOption,
    role: RoleOption,
    key: SigningKeyOption,
    meaning: MeaningOption,
    pseudonym_key: KeyOption = None,
) -> None:
    """Sign that an accepted change is not to be made."""
    _decide("declined", workspace, change, (signer, role, key, meaning), pseudonym_key)


def close(
    workspace: WorkspaceArgument,
    alarm: Annotated[str, typer.Argument(metavar="ALARM", help="For example ALM-0001.")],
    signer: SignerOption,
    role: RoleOption,
    cause: Annotated[
        str,
        typer.Option("--cause", metavar="CAUSE", help="data, population, device, practice, none or other."),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What was found.")],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="KEYFILE", help="Signing key; needed where the plan lists any."),
    ] = None,
    pseudonym_key: KeyOption = None,
) -> None:
    """End an alarm with its cause.

    The site's stream starts anew.
    """
    from monitor.operation.people.closure import close_alarm

    who = signatory(signer, role, key)
    close_alarm(workspace, alarm, who, cause=cause, reason=reason, key_file=pseudonym_key)
    say(f"{alarm}: closed, cause {cause}; the site is watched again from the next night on")


def _decide(
    decision: Literal["approval", "declined"],
    workspace: Path,
    change: str,
    signature: tuple[str, str, Path, str],
    pseudonym_key: Path | None,
) -> None:
    from monitor.operation.people.decisions import decide

    signer, role, key, meaning = signature
    who = signatory(signer, role, key)
    decided = decide(workspace, change, decision, who, meaning=meaning, key_file=pseudonym_key)
    say(f"{decided.id}: {decided.state}")
    for signed in decided.signatures:
        say(f"  {plain(signed.role)}: {signed.have} of {signed.need} signed")
    say(f"dossier: {workspace / 'dossiers' / decided.id / 'dossier.html'}")


def signatory(signer: str, role: str, key: Path | None) -> Signatory:
    """The person; asks for the passphrase of a protected key, which never stands on a command line."""
    from monitor.operation.people.signing import Signatory
    from monitor.registry import key_is_protected

    passphrase: str | None = None
    if key and key_is_protected(key):
        passphrase = typer.prompt(f"Passphrase of {key}", hide_input=True, err=True)
    return Signatory(signer, role, key, passphrase)
