"""Try the product, bind a workspace to a plan, check a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.arguments import JsonOption, KeyOption, WorkspaceArgument, today
from flows.commands import planning
from flows.commands.planning import PlanArgument
from flows.terminal import complain, plain, say
from monitor.errors import PlanError, UsageError

if TYPE_CHECKING:
    from monitor.plan import LoadedPlan


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: pccp demo --out /tmp/demo")(demo)
    app.command(epilog="Example: pccp init site-network --plan plan.yaml")(init)
    plan = typer.Typer(help="Check, weigh or rehearse a change-control plan.", no_args_is_help=True)
    plan.command(epilog="Example: pccp plan check plan.yaml")(check)
    plan.command(epilog="Example: pccp plan schema > plan.schema.json")(schema)
    plan.command(epilog="Example: pccp plan dictionary plan.yaml > data-dictionary.md")(dictionary)
    planning.register(plan)
    app.add_typer(plan, name="plan", rich_help_panel=None)


def demo(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="New or empty folder. Default: demo, or demo-2 and so on."),
    ] = None,
    nights: Annotated[int, typer.Option("--nights", min=20, max=2000, help="Nights with predictions.")] = 180,
) -> None:
    """Run a simulated hospital network through the nightly flow."""
    from flows.demo import free_folder, run_demo

    folder = out or free_folder(Path("demo"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: expected a new or empty folder")
    run_demo(folder, nights)


def init(
    workspace: WorkspaceArgument,
    plan: Annotated[Path, typer.Option("--plan", metavar="PLAN.yaml", help="The plan to bind.")],
    pseudonym_key: KeyOption = None,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Encrypt the databases; needs the extra `lake`.")
    ] = False,
) -> None:
    """Make a workspace and bind it to a plan.

    Entry 0 of its ledger holds the plan's SHA-256; an edited plan is refused from then on.
    """
    from monitor.operation.keys import default_key_path
    from monitor.operation.workspace import initialise

    loaded = initialise(workspace, plan, pseudonym_key, at=today().isoformat(), encrypt=encrypt)
    say(f"{workspace}: bound to {_identity(loaded)}")
    say(f"pseudonym key: {pseudonym_key or default_key_path()} (keep a copy; without it no log can be added)")
    if encrypt:
        say("databases: encrypted, so status, changes, find and verify need the key too; the archive is not")
    say(f"next: put log files into {workspace / 'inbox'} and run `pccp nightly {workspace}`")


def check(plan: PlanArgument) -> None:
    """Print every fault of a plan at once, or what it says.

    Ends with exit code 10 when there is a fault.
    """
    from monitor.plan import check as faults_of
    from monitor.plan import load

    faults = faults_of(plan)
    if faults:
        for fault in faults:
            complain(str(fault))
        raise PlanError(f"{plan}: {len(faults)} fault{'s' if len(faults) > 1 else ''}")
    loaded = load(plan)
    monitoring = loaded.plan.monitoring
    say(f"{plan}: sound")
    say(f"  plan       {_identity(loaded)}")
    say(f"  style      {_style(loaded)}")
    say(f"  model      {plain(loaded.plan.device.name)} {plain(loaded.plan.device.model_version)}")
    say(f"  findings   {', '.join(plain(finding.id) for finding in loaded.plan.findings)}")
    if loaded.plan.strata:
        say(f"  strata     {', '.join(plain(stratum) for stratum in loaded.plan.strata)}, at each site")
    say(
        f"  looks      {monitoring.cadence}, {monitoring.horizon_looks} looks, false alarm at a site with "
        f"probability at most {monitoring.false_alarm_probability:g}"
    )
    say(f"  changes    {', '.join(loaded.plan.modification.methods)}; a person approves each one")


def schema() -> None:
    """Print the JSON Schema of a plan, for completion in an editor."""
    from monitor.plan import schema as json_schema

    say(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def dictionary(plan: PlanArgument, as_json: JsonOption = False) -> None:
    """Print the data dictionary of a plan: every column received and kept, by layer, as Markdown.

    Layers: raw (what was recorded), annotation (what was found to be true), analysis (what is computed from
    both), bookkeeping.
    """
    from flows.markdown import data_dictionary
    from monitor.plan import load
    from monitor.store import dictionary as columns_of

    loaded = load(plan)
    if as_json:
        columns = [entry.as_record() for entry in columns_of(loaded.plan)]
        say(json.dumps({"plan": loaded.sha256, "columns": columns}, indent=2, ensure_ascii=False))
    else:
        say(data_dictionary(loaded).rstrip("\n"))


def _identity(loaded: LoadedPlan) -> str:
    identity = loaded.plan.plan
    return f"{plain(identity.id)} {plain(identity.version)}, sha256 {loaded.sha256}"


def _style(loaded: LoadedPlan) -> str:
    """Strict when every criterion must be demonstrated."""
    criteria = loaded.plan.evaluation.criteria
    shown = [item.id for item in criteria if item.require == "demonstrated"]
    style = "strict" if len(shown) == len(criteria) else "benefit-first"
    others = [item.id for item in criteria if item.id not in shown]
    tail = f", not contradicted: {', '.join(others)}" if others else ""
    return f"{style} (demonstrated: {', '.join(shown)}{tail})"
