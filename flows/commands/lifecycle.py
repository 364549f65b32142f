"""What changes the plan's course: roll back, amend the plan, put a deviation on record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import KeyOption, RoleOption, SignerOption, SiteOption, WorkspaceArgument
from flows.commands.decisions import MeaningOption, signatory
from flows.terminal import plain, say

OptionalKeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="KEYFILE", help="Signing key; needed where the plan lists any."),
]
WHO = '--signer "A. Person" --role quality_lead --key signing.key'


def register(app: typer.Typer) -> None:
    app.command(epilog=f'Example: pccp rollback site-network --site Harbour {WHO} --reason "New alarm"')(
        rollback
    )
    app.command(epilog=f'Example: pccp amend site-network --plan plan-1.1.yaml {WHO} --meaning "Authorised"')(
        amend
    )
    app.command(
        epilog="Example: pccp deviation site-network --category chose_not_to_implement "
        f'--description "Waiting for the new scanner" {WHO}'
    )(deviation)


def rollback(
    workspace: WorkspaceArgument,
    site: SiteOption,
    signer: SignerOption,
    role: RoleOption,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why the live map is taken back.")],
    finding: Annotated[
        str | None, typer.Option("--finding", metavar="FINDING", help="Needed when the plan has several.")
    ] = None,
    key: OptionalKeyOption = None,
    pseudonym_key: KeyOption = None,
) -> None:
    """Return a site to the last approved calibrator that was live before."""
    from monitor.operation.people.deployment import rollback as roll_back

    who = signatory(signer, role, key)
    live = roll_back(workspace, site, finding, who, reason=reason, key_file=pseudonym_key)
    say(f"{plain(site)}: calibrator {live.version} ({live.kind}) is live again")


def amend(
    workspace: WorkspaceArgument,
    plan: Annotated[Path, typer.Option("--plan", metavar="NEW.yaml", help="The newly authorised version.")],
    signer: SignerOption,
    role: RoleOption,
    meaning: MeaningOption,
    key: OptionalKeyOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what differs.")] = False,
    pseudonym_key: KeyOption = None,
) -> None:
    """Bind a newly authorised version of the plan, with its difference shown."""
    from monitor.operation.people import lifecycle

    if dry_run:
        found = lifecycle.preview(workspace, plan)
    else:
        who = signatory(signer, role, key)
        found = lifecycle.amend(workspace, plan, who, meaning=meaning, key_file=pseudonym_key)
    for difference in found:
        say(plain(str(difference)))
    word = "differ" if dry_run else "amended"
    say(f"{len(found)} key{'' if len(found) == 1 else 's'} {word}")


def deviation(
    workspace: WorkspaceArgument,
    category: Annotated[
        str,
        typer.Option(
            "--category",
            metavar="CATEGORY",
            help="deviation, chose_not_to_implement, submitted_instead, no_submission_needed or "
            "root_cause_unrelated_to_plan.",
        ),
    ],
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What happened.")],
    signer: SignerOption,
    role: RoleOption,
    change: Annotated[
        str | None, typer.Option("--change", metavar="CHANGE", help="If it belongs to one.")
    ] = None,
    key: OptionalKeyOption = None,
    pseudonym_key: KeyOption = None,
) -> None:
    """Put a deviation from the plan, or a decision that is none, on record."""
    from monitor.operation.people.closure import record_deviation

    who = signatory(signer, role, key)
    name = record_deviation(workspace, category, description, who, change=change, key_file=pseudonym_key)
    say(f"{name}: on record")
