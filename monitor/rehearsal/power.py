"""`pccp plan power`: what a plan needs, how long sites would take, and how often it would be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitor.plan import ChangePlan, LoadedPlan
from monitor.rehearsal.candidates import CANDIDATES, volume_of, whole_cohorts
from monitor.rehearsal.closed_forms import POWER
from monitor.rehearsal.needed import Needed, needed
from monitor.rehearsal.passing import LookPassing, bounds_of, passing
from monitor.rehearsal.sites import SiteProfile
from monitor.validation import LookBound

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Settings:
    """How a simulation is run: attempts for each share, and the seed of all of them."""

    runs: int
    seed: int


@dataclass(frozen=True)
class SitePower:
    """What the plan can do at one site.

    Attributes:
        site: Its volume, prevalence and AUC.
        needed: One per criterion.
        months_to_look: Months from an alarm to each look at the site's volume, the fitting window included;
            None for an undated log, which has no time.
        passing: By candidate, one per look.
    """

    site: SiteProfile
    needed: tuple[Needed, ...]
    months_to_look: tuple[float, ...] | None
    passing: dict[str, tuple[LookPassing, ...]]

    @property
    def perfect_passes(self) -> bool:
        """True when a perfect candidate is accepted by the last look with probability .8 at least."""
        return self.passing["perfect"][-1].accepted.value >= POWER

    def as_record(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {
            **self.site.as_record(),
            "needed": [item.as_record() for item in self.needed],
            "months_to_look": self.months_to_look,
            "passing": {name: [look.as_record() for look in looks] for name, looks in self.passing.items()},
            "perfect_passes": self.perfect_passes,
        }


@dataclass(frozen=True)
class PowerReport:
    """The whole of it.

    Attributes:
        loaded: The plan.
        settings: Runs and seed.
        bounds: Of the looks of a first attempt.
        sites: One per site.
    """

    loaded: LoadedPlan
    settings: Settings
    bounds: tuple[LookBound, ...]
    sites: tuple[SitePower, ...]

    @property
    def refused(self) -> bool:
        """True when the plan could not even accept the truth anywhere."""
        return not any(site.perfect_passes for site in self.sites)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each site at which a perfect candidate passes with less than .8."""
        plan = self.loaded.plan
        return tuple(_warning(site, plan) for site in self.sites if not site.perfect_passes)

    @property
    def expected_false_alarms(self) -> float:
        """Sites with a false alarm over the horizon, at most, on average: sites times alpha."""
        return len(self.sites) * self.loaded.plan.monitoring.false_alarm_probability

    def as_record(self) -> dict[str, Any]:
        """The stable form of `--json`."""
        identity, monitoring = self.loaded.plan.plan, self.loaded.plan.monitoring
        events = self.loaded.plan.evaluation.looks.events
        return {
            "plan": {"id": identity.id, "version": identity.version, "sha256": self.loaded.sha256},
            "runs": self.settings.runs,
            "seed": self.settings.seed,
            "looks": [
                {
                    "events": count,
                    "alpha_spent": bound.alpha_spent,
                    "z": bound.z,
                    "alpha": bound.nominal_alpha,
                }
                for count, bound in zip(events, self.bounds, strict=True)
            ],
            "candidates": {item.name: item.description for item in CANDIDATES},
            "sites": [site.as_record() for site in self.sites],
            "horizon_looks": monitoring.horizon_looks,
            "false_alarm_probability": monitoring.false_alarm_probability,
            "expected_false_alarm_sites": self.expected_false_alarms,
            "warnings": list(self.warnings),
            "refused": self.refused,
        }


def power(
    loaded: LoadedPlan, sites: tuple[SiteProfile, ...], settings: Settings, progress: Progress
) -> PowerReport:
    """Try a plan on sites.

    Args:
        loaded: The plan.
        sites: At least one.
        settings: Runs and seed; the same give the same numbers.
        progress: Told of each step.

    Returns:
        What came out; whether to refuse the plan is in it.

    Raises:
        ValueError: No site.
    """
    if not sites:
        raise ValueError("power needs at least one site")
    bounds = bounds_of(loaded.plan)
    found: list[SitePower] = []
    for number, site in enumerate(sites):
        progress(number, len(sites), f"simulating {site.site}")
        found.append(_site_power(loaded, site, settings, bounds[-1].nominal_alpha))
    return PowerReport(loaded, settings, bounds, tuple(found))


def _warning(found: SitePower, plan: ChangePlan) -> str:
    last = found.passing["perfect"][-1]
    sentence = (
        f"{found.site.site}: a perfect candidate passes the last look with probability "
        f"{last.accepted.value:.2f} (+- {last.accepted.error:.2f}), below {POWER}"
    )
    if last.reached.value < POWER:
        where = (
            "the cohort is too small for it"
            if plan.undated
            else (f"the plan's longest wait of {plan.evaluation.maximum_wait_days} days is over before it")
        )
        return f"{sentence}; {where} in {1.0 - last.reached.value:.0%} of the runs"
    return sentence


def _site_power(loaded: LoadedPlan, site: SiteProfile, settings: Settings, alpha: float) -> SitePower:
    plan = loaded.plan
    return SitePower(
        site,
        tuple(needed(plan, criterion, site, alpha, settings.seed) for criterion in plan.evaluation.criteria),
        _months(loaded, site),
        {item.name: passing(plan, site, item, settings.runs, settings.seed) for item in CANDIDATES},
    )


def _months(loaded: LoadedPlan, site: SiteProfile) -> tuple[float, ...] | None:
    """Months for the fitting window, then the looks; cohorts mature one by one, so maturity adds nothing."""
    plan = loaded.plan
    if plan.undated:
        return None
    volume, rows_per_event = volume_of(plan, site), site.studies_per_month / site.events_per_month
    looks = (whole_cohorts(events * rows_per_event, volume.cohort) for events in plan.evaluation.looks.events)
    return tuple(round((volume.fit + rows) / site.studies_per_month, 1) for rows in looks)
