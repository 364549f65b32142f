"""Weigh a plan before it is authorised: its power at sites, and a rehearsal on simulated ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.arguments import JsonOption, ReadingKeyOption
from flows.terminal import complain, plain, progress, say, table
from monitor.errors import PlanError, UsageError

if TYPE_CHECKING:
    from monitor.plan import LoadedPlan
    from monitor.rehearsal import PowerReport, RehearsalReport, SiteProfile

NIGHTS_PER_MONTH = 30.4375
PlanArgument = Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="A change-control plan.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same numbers.")]
NightsOption = Annotated[
    float | None,
    typer.Option(
        "--studies-per-night", metavar="N", help="Volume of one site; of an undated log its cohort."
    ),
]
PrevalenceOption = Annotated[
    float | None, typer.Option("--prevalence", metavar="P", help="Share of events there.")
]
AucOption = Annotated[
    float | None, typer.Option("--auc", metavar="A", help="Area under the ROC curve there.")
]


def register(plan: typer.Typer) -> None:
    """Add the commands to `pccp plan`."""
    plan.command(epilog="Example: pccp plan power plan.yaml --sites sites.csv")(power)
    plan.command(epilog="Example: pccp plan rehearse plan.yaml --runs 100 --out rehearsal.md")(rehearse)


def power(
    plan: PlanArgument,
    sites: Annotated[
        Path | None,
        typer.Option(
            "--sites", metavar="FILE", help="CSV or YAML with site, studies_per_month, prevalence, auc."
        ),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", metavar="WORKSPACE", help="Take the sites from its last finished night."),
    ] = None,
    studies_per_night: NightsOption = None,
    prevalence: PrevalenceOption = None,
    auc: AucOption = None,
    runs: Annotated[int, typer.Option("--runs", min=20, max=100_000, help="Attempts for each share.")] = 200,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
    pseudonym_key: ReadingKeyOption = None,
) -> None:
    """Print what each criterion needs, and how often each look would pass.

    A perfect, a useful and a harmful candidate are judged by the plan's own criteria at each site; without
    sites of your own, at typical ones. Ends with exit code 10 when a perfect candidate passes the last look
    with probability below 0.8 at every site.
    """
    from monitor.plan import load
    from monitor.rehearsal import Settings
    from monitor.rehearsal import power as power_of

    loaded = load(plan)
    alone = _one_site(loaded, studies_per_night, prevalence, auc)
    chosen = _chosen(loaded, (sites, workspace, alone), pseudonym_key)
    with progress() as step:
        report = power_of(loaded, chosen, Settings(runs, seed), step)
    if as_json:
        say(json.dumps(report.as_record(), indent=2, ensure_ascii=False))
    else:
        _say_power(report)
    for warning in report.warnings:
        complain(f"warning: {warning}")
    if report.refused:
        raise PlanError(
            f"{plan}: a perfect candidate passes the last look with probability below 0.8 at every site; "
            "later looks, wider limits or fewer criteria to demonstrate would help"
        )


def rehearse(
    plan: PlanArgument,
    studies_per_night: NightsOption = None,
    prevalence: PrevalenceOption = None,
    auc: AucOption = None,
    runs: Annotated[int, typer.Option("--runs", min=2, max=5000, help="Sites for each scenario.")] = 40,
    seed: SeedOption = 1,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.md", help="Write the table as Markdown.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the plan on simulated sites: no change, each shift, a harmful candidate.

    Every run is a site of a network that goes through the real nights in a temporary folder. Takes
    minutes: about one second for each site and year of daily looks.
    """
    from monitor.plan import load
    from monitor.rehearsal import Settings, reference_site, statistical_section
    from monitor.rehearsal import rehearse as rehearsal_of

    loaded = load(plan)
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder")
    site = _one_site(loaded, studies_per_night, prevalence, auc) or reference_site(loaded.plan)
    with progress() as step:
        report = rehearsal_of(loaded, site, Settings(runs, seed), step)
    if out is not None:
        _write(out, statistical_section(report))
    if as_json:
        say(json.dumps(report.as_record(), indent=2, ensure_ascii=False))
    else:
        _say_rehearsal(report)


def _one_site(
    loaded: LoadedPlan, studies_per_night: float | None, prevalence: float | None, auc: float | None
) -> SiteProfile | None:
    """The site that the options describe; None when they describe none."""
    from monitor.rehearsal import SiteProfile

    values = (studies_per_night, prevalence, auc)
    if values == (None, None, None):
        return None
    if studies_per_night is None or prevalence is None or auc is None:
        raise UsageError("--studies-per-night, --prevalence and --auc describe one site: give all three")
    volume = studies_per_night * (1.0 if loaded.plan.undated else NIGHTS_PER_MONTH)
    try:
        return SiteProfile("site", volume, prevalence, auc)
    except ValueError as error:
        raise UsageError(f"--studies-per-night, --prevalence, --auc: {error}") from error


def _chosen(
    loaded: LoadedPlan,
    ways: tuple[Path | None, Path | None, SiteProfile | None],
    pseudonym_key: Path | None,
) -> tuple[SiteProfile, ...]:
    """The sites that were asked for, in one of the three ways; typical ones otherwise."""
    from monitor.rehearsal import TYPICAL, TYPICAL_COHORTS, read_sites, workspace_sites

    file, workspace, alone = ways
    if sum(way is not None for way in ways) > 1:
        raise UsageError("name the sites once: --sites, --workspace, or --studies-per-night with its two")
    if alone is not None:
        return (alone,)
    if file is not None:
        return read_sites(file)
    if workspace is None:
        return TYPICAL_COHORTS if loaded.plan.undated else TYPICAL
    found = workspace_sites(workspace, pseudonym_key)
    for site in found.too_few:
        complain(f"{site}: fewer than ten of the rarer class, left out")
    return found.sites


def _say_power(report: PowerReport) -> None:
    plan, monitoring = report.loaded.plan, report.loaded.plan.monitoring
    say(f"plan {plain(plan.plan.id)} {plain(plan.plan.version)}, {report.settings.runs} runs for each share, "
        f"seed {report.settings.seed}")  # fmt: skip
    for number, (events, bound) in enumerate(
        zip(plan.evaluation.looks.events, report.bounds, strict=True), start=1
    ):
        say(
            f"look {number}: {events} of the rarer class, one-sided alpha {bound.nominal_alpha:.4g}, "
            f"z {bound.z:.3f}"
        )
    say()
    _say_needed(report)
    _say_passing(report)
    say(
        f"False alarms: of {len(report.sites)} sites at most {report.expected_false_alarms:g} on average in "
        f"{monitoring.horizon_looks} looks ({len(report.sites)} x {monitoring.false_alarm_probability:g})"
    )


def _say_needed(report: PowerReport) -> None:
    criteria = report.loaded.plan.evaluation.criteria
    names = [
        item.id if item.require == "demonstrated" else f"{item.id} (not contradicted)" for item in criteria
    ]
    rows = [
        (
            found.site.site,
            f"{found.site.studies_per_month:g}",
            f"{found.site.prevalence:.3g}",
            f"{found.site.auc:.3g}",
            *(item.events if item.events is not None else "never" for item in found.needed),
        )
        for found in report.sites
    ]
    title = (
        "Rarer-class studies that demonstrate each criterion with probability 0.8, for a perfect candidate"
    )
    volume = "studies in the cohort" if report.loaded.plan.undated else "studies a month"
    table(("site", volume, "prevalence", "AUC", *names), rows, title=title)


def _say_passing(report: PowerReport) -> None:
    from monitor.rehearsal.candidates import CANDIDATES
    from monitor.rehearsal.statistical_section import shown

    rows = [
        (
            found.site.site,
            look.events,
            f"{found.months_to_look[number]:g}" if found.months_to_look else "-",
            *(shown(found.passing[item.name][number].accepted) for item in CANDIDATES),
            shown(found.passing["harmful"][number].rejected),
        )
        for found in report.sites
        for number, look in enumerate(found.passing["perfect"])
    ]
    header = ("site", "look", "months after alarm", *(item.name for item in CANDIDATES), "harmful rejected")
    table(header, rows, title="Share of first attempts accepted by each look, +- Monte Carlo standard error")
    for item in CANDIDATES:
        say(f"{item.name}: {item.description}")


def _say_rehearsal(report: RehearsalReport) -> None:
    from monitor.rehearsal.statistical_section import COLUMNS, READING, cells, forced_sentence, heading

    say(heading(report))
    header = ("scenario", *COLUMNS.values(), "days to alarm", "days to verdict")
    table(header, [cells(row) for row in report.rows], title="The plan on simulated sites")
    say(forced_sentence(report))
    say(READING)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written") from error
