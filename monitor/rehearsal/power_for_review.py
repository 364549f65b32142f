"""The power of a workspace's plan as the review shows it: a table of its own sites, curves at one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.errors import UsageError
from monitor.operation.workspace import read_plan
from monitor.plan import ChangePlan
from monitor.rehearsal.needed import CLOSED_FORMS
from monitor.rehearsal.passing import bounds_of
from monitor.rehearsal.power import PowerReport, Progress, Settings, power
from monitor.rehearsal.sites import TYPICAL, TYPICAL_COHORTS, SiteProfile
from monitor.rehearsal.workspace_sites import WorkspaceSites, workspace_sites

SETTINGS = Settings(runs=100, seed=1)
MOST_SITES = 12
"""Sites that are tried; each takes about a second."""
CURVE_EVENTS = tuple(round(25 * 2 ** (step / 4)) for step in range(33))
"""Studies of the rarer class at which a curve is told: 25 to 6,400."""


def power_for_review(path: Path, key_file: Path | None, progress: Progress) -> dict[str, Any]:
    """What the plan in force could accept at the sites of a workspace.

    Args:
        path: A workspace in which a night has finished.
        key_file: As for `workspace_sites`.
        progress: Told of each site.

    Returns:
        The record of `pccp plan power`, with `curves` at the site in the middle, `typical` true where no site
        of the workspace can be described yet, `too_few` (sites with too few events) and `untried`
        (sites beyond the twelve that are tried).
    """
    loaded = read_plan(path)
    found = _sites(path, key_file, loaded.plan)
    tried = spread(found.sites)
    report = power(loaded, tried, SETTINGS, progress)
    return {
        **report.as_record(),
        "typical": found.sites in (TYPICAL, TYPICAL_COHORTS),
        "too_few": list(found.too_few),
        "untried": len(found.sites) - len(tried),
        "curves": _curves(report),
    }


def _sites(path: Path, key_file: Path | None, plan: ChangePlan) -> WorkspaceSites:
    try:
        return workspace_sites(path, key_file)
    except UsageError:
        return WorkspaceSites(TYPICAL_COHORTS if plan.undated else TYPICAL, ())


def spread(sites: tuple[SiteProfile, ...], most: int = MOST_SITES) -> tuple[SiteProfile, ...]:
    """At most so many sites, from the fewest events a month to the most, evenly by rank.

    Example:
        >>> sites = tuple(SiteProfile(str(volume), volume, 0.1, 0.8) for volume in (500, 100, 300, 400, 200))
        >>> [site.site for site in spread(sites, 3)]
        ['100', '300', '500']
    """
    ranked = sorted(sites, key=lambda site: (site.events_per_month, site.site))
    if len(ranked) <= most:
        return tuple(ranked)
    step = (len(ranked) - 1) / (most - 1)
    return tuple(ranked[round(step * position)] for position in range(most))


def _curves(report: PowerReport) -> dict[str, Any]:
    """For each criterion with a formula, the chance to demonstrate it for a perfect candidate, by events."""
    plan = report.loaded.plan
    site = report.sites[len(report.sites) // 2].site
    alpha = bounds_of(plan)[-1].nominal_alpha
    lines: list[dict[str, Any]] = []
    for criterion in plan.evaluation.criteria:
        if form := CLOSED_FORMS.get(criterion.metric):
            chance = form(criterion, site, alpha)
            lines.append(
                {
                    "criterion": criterion.id,
                    "metric": criterion.metric,
                    "probability": [float(chance(events)) for events in CURVE_EVENTS],
                }
            )
    return {"site": site.site, "alpha": alpha, "events": list(CURVE_EVENTS), "lines": lines}
