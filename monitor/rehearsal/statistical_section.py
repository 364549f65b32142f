"""A rehearsal as Markdown, for the statistical section of a plan."""

from __future__ import annotations

from monitor.rehearsal.outcome import Delay, ScenarioRow
from monitor.rehearsal.passing import Share
from monitor.rehearsal.rehearse import FORCED_ENDS, RehearsalReport

COLUMNS = {
    "false_alarm": "false alarm",
    "alarm": "alarm",
    "true_accept": "true accept",
    "false_accept": "false accept",
    "reject": "reject",
    "insufficient": "insufficient",
    "withdrawn": "no candidate",
}
"""Columns of shares, and their headings."""


def statistical_section(report: RehearsalReport) -> str:
    """The table with what it rests on; every share with its Monte Carlo standard error."""
    header = ["scenario", *COLUMNS.values(), "days to alarm", "days to verdict"]
    lines = [
        f"## Rehearsal of {report.loaded.plan.plan.id} {report.loaded.plan.plan.version}",
        "",
        heading(report),
        "",
        _line(header),
        _line(["---"] * len(header)),
        *(_line(cells(row)) for row in report.rows),
        "",
        forced_sentence(report),
        "",
        READING,
        "",
    ]
    return "\n".join(lines)


READING = (
    "Shares of runs, +- Monte Carlo standard error. False alarm: an alarm while the deployed probabilities "
    "were right. True accept: an accepted candidate whose expected log loss under the truth is lower than "
    "that of the deployed map; false accept: one whose is not. No candidate: the fit kept the map in use. "
    "Days from the change: median (90th percentile) of the runs without a false alarm, the wait for maturity "
    "included."
)
"""How to read the table."""


def heading(report: RehearsalReport) -> str:
    """Runs, site, seed and span in a sentence."""
    site, calendar = report.site, report.calendar
    volume = f"{site.studies_per_month:g} studies"
    span = (
        f"one cohort of {volume}"
        if report.loaded.plan.undated
        else f"{calendar.days} days with {volume} a month, the change on day {calendar.change}, outcomes "
        f"mature after {report.loaded.plan.data.maturity_days} days"
    )
    return (
        f"{report.settings.runs} runs for each scenario, each a simulated site: {span}; "
        f"prevalence {site.prevalence:g}, AUC {site.auc:g}. Seed {report.settings.seed}, "
        f"plan sha256 {report.loaded.sha256}."
    )


def forced_sentence(report: RehearsalReport) -> str:
    """What the criteria did with a harmful candidate that was put before them."""
    ends = ", ".join(f"{name} {shown(report.forced_share(name))}" for name in FORCED_ENDS)
    return (
        f"A harmful candidate (0.3 too high in log-odds) put before the looks at each of the "
        f"{len(report.forced)} unchanged sites: {ends}."
    )


def cells(row: ScenarioRow) -> list[str]:
    """One row of the table as text."""
    return [
        row.name,
        *(shown(row.shares[name]) for name in COLUMNS),
        days(row.to_alarm),
        days(row.to_verdict),
    ]


def shown(share: Share) -> str:
    """A share with its Monte Carlo standard error.

    Example:
        >>> shown(Share(9, 10))
        '.90 +- .09'
    """
    return f"{share.value:.2f} +- {share.error:.2f}".replace("0.", ".")


def days(delay: Delay) -> str:
    """Median and 90th percentile.

    Example:
        >>> days(Delay(12.0, 20.0, 5)), days(Delay(None, None, 0))
        ('12 (20)', '-')
    """
    if delay.median is None:
        return "-"
    return f"{delay.median:g} ({delay.ninetieth:g})"


def _line(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"
