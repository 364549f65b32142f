"""`pccp plan rehearse`: the plan run on a simulated network, by the very nights a hospital would run."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.hashing import sha256_text
from monitor.logistic import expit, log_loss
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.calendar import Cadence, cohort_key
from monitor.operation.night import Nights, ingest_file
from monitor.operation.workspace import Workspace, initialise, open_workspace
from monitor.plan import ChangePlan, LoadedPlan
from monitor.registry import Change
from monitor.rehearsal.forced import Forced, judge_forced
from monitor.rehearsal.network import Calendar, Run, calendar_of, place_of, runs_of, write_network
from monitor.rehearsal.outcome import RunOutcome, ScenarioRow, scenario_row
from monitor.rehearsal.passing import Share
from monitor.rehearsal.power import Progress, Settings
from monitor.rehearsal.sites import DAYS_PER_MONTH, SiteProfile
from monitor.rehearsal.truth import NO_CHANGE, SHIFTS, Shift, log_odds_of
from monitor.simulation import score_law

FORCED_ENDS = ("accept", "reject", "insufficient")
REFERENCE_PREVALENCE, REFERENCE_AUC = 0.10, 0.85
SHARE_OF_HORIZON = 1 / 3
HEADROOM = 1.5


def reference_site(plan: ChangePlan) -> SiteProfile:
    """A site whose volume brings a change to its last look within a third of the plan's horizon.

    The cohort of an undated log is half as large again as its look needs. Prevalence 10 %, AUC .85.
    """
    last_look, share = plan.evaluation.looks.events[-1], plan.data.split.fitting_share
    if share is not None:
        events = HEADROOM * last_look / (1.0 - share)
    else:
        months = calendar_of(plan).days / DAYS_PER_MONTH
        events = (plan.retraining.events_for.closed_test + last_look) / (SHARE_OF_HORIZON * months)
    volume = float(math.ceil(events / REFERENCE_PREVALENCE))
    return SiteProfile("reference", volume, REFERENCE_PREVALENCE, REFERENCE_AUC)


@dataclass(frozen=True)
class RehearsalReport:
    """Every run of a rehearsal.

    Attributes:
        loaded: The plan.
        site: Volume, prevalence and AUC of every simulated site before the change.
        settings: Runs for each scenario, and the seed.
        calendar: Days simulated and the day of the change.
        runs: What became of each site.
        forced: The harmful candidate that was put before the criteria at each unchanged site.
    """

    loaded: LoadedPlan
    site: SiteProfile
    settings: Settings
    calendar: Calendar
    runs: tuple[RunOutcome, ...]
    forced: tuple[Forced, ...]

    @property
    def rows(self) -> tuple[ScenarioRow, ...]:
        """One row for each scenario."""
        by_shift = {shift: [run for run in self.runs if run.shift == shift] for shift in SHIFTS}
        return tuple(scenario_row(shift.name, runs) for shift, runs in by_shift.items())

    def forced_share(self, verdict: str) -> Share:
        """Share of the forced harmful candidates that ended in a verdict."""
        return Share(sum(one.verdict == verdict for one in self.forced), len(self.forced))

    def as_record(self) -> dict[str, Any]:
        """The stable form of `--json`."""
        identity = self.loaded.plan.plan
        return {
            "plan": {"id": identity.id, "version": identity.version, "sha256": self.loaded.sha256},
            "runs": self.settings.runs,
            "seed": self.settings.seed,
            "site": self.site.as_record(),
            "days": self.calendar.days,
            "change_day": self.calendar.change,
            "maturity_days": self.loaded.plan.data.maturity_days,
            "scenarios": [row.as_record() for row in self.rows],
            "forced_harmful": {name: self.forced_share(name).as_record() for name in FORCED_ENDS},
        }


def rehearse(
    loaded: LoadedPlan, site: SiteProfile, settings: Settings, progress: Progress
) -> RehearsalReport:
    """Replay a network of simulated sites, one for each run of each scenario, in a temporary folder.

    Args:
        loaded: The plan.
        site: Volume, prevalence and AUC of every site before the change.
        settings: Runs for each scenario, and the seed; the same give the same table.
        progress: Told of each night.
    """
    runs, calendar = runs_of(SHIFTS, settings.runs), calendar_of(loaded.plan)
    with tempfile.TemporaryDirectory(prefix="pccp-rehearsal-") as folder:
        home = Path(folder)
        progress(0, 1, "simulating the sites")
        files = write_network(loaded.plan, runs, site, settings.seed, home)
        key = _write_key(home / "keys" / "key", settings.seed)
        initialise(home / "workspace", home / "plan.yaml", key, at=calendar.date_of(0).isoformat())
        with open_workspace(home / "workspace", key) as workspace:
            last = _replay(workspace, files, calendar, progress)
            outcomes = tuple(_outcome(workspace, run, site, calendar) for run in runs)
            quiet = [place_of(loaded.plan, run) for run in runs if run.shift == NO_CHANGE]
            forced = tuple(judge_forced(workspace, place, Knowledge(last, last)) for place in quiet)
    return RehearsalReport(loaded, site, settings, calendar, outcomes, forced)


def _write_key(file: Path, seed: int) -> Path:
    """A pseudonym key from the seed: undated logs are split by pseudonym, and nobody is behind one here."""
    file.parent.mkdir(mode=0o700)
    file.touch(mode=0o600)
    file.write_text(sha256_text(f"rehearsal {seed}"), encoding="utf-8")
    return file


def _replay(workspace: Workspace, files: tuple[Path, Path], calendar: Calendar, progress: Progress) -> date:
    """Every night in order, as `pccp replay` runs them but for the dossiers; returns the last one."""
    last = calendar.date_of(calendar.days + workspace.loaded.plan.data.maturity_days)
    for role, file in zip(("predictions", "outcomes"), files, strict=True):
        progress(0, 1, f"ingesting {role}")
        ingest_file(workspace, file, last, role=role, as_history=True)
    nights = Nights(workspace, calibration_only=True)
    due = nights.due(last)
    for number, night in enumerate(due):
        progress(number, len(due), f"night {night.isoformat()}")
        nights.run(night, night)
    nights.conclude_open(Knowledge(last, last), "the rehearsal ends here")
    return last


def _outcome(workspace: Workspace, run: Run, site: SiteProfile, calendar: Calendar) -> RunOutcome:
    """The first alarm of a site and the change it opened; the alarm stays open, so there is no second."""
    changed, plan = calendar.date_of(calendar.change), workspace.loaded.plan
    place = place_of(plan, run)
    alarms = [alarm.body for alarm in workspace.state.alarms.values() if alarm.place == place]
    changes = [change for change in workspace.state.changes.values() if change.place == place]
    return RunOutcome(
        run.shift,
        alarm_days=(date.fromisoformat(alarms[0]["night"]) - changed).days if alarms else None,
        alarmed_before_change=bool(alarms)
        and not plan.undated
        and lies_before(alarms[0]["cohort"], plan.monitoring.cadence, changed),
        verdict=_verdict(changes[0]) if changes else None,
        verdict_days=_verdict_days(changes[0], changed) if changes else None,
        gain=_gain(changes[0], run.shift, site) if changes else None,
    )


def lies_before(cohort: str, cadence: Cadence, changed: date) -> bool:
    """True when an alarm's last cohort holds nothing from after the change, whenever it matured.

    Example:
        >>> changed = date(2026, 4, 9)
        >>> lies_before("2026-04-08", "daily", changed), lies_before("2026-04", "monthly", changed)
        (True, False)
    """
    return cohort < cohort_key(cadence, changed)


def _verdict(change: Change) -> str:
    """accept, reject, insufficient, or withdrawn when no candidate was put forward."""
    if change.verdict is None:
        return "collecting"
    return change.verdict["verdict"] or "withdrawn"


def _verdict_days(change: Change, changed: date) -> int | None:
    """Days from the change to a verdict that rests on a look; None without one."""
    if change.verdict is None or change.verdict.get("look") is None:
        return None
    at = change.verdict["validation"]["matured_by"]
    return (date.fromisoformat(at) - changed).days


def _gain(change: Change, shift: Shift, site: SiteProfile) -> float | None:
    """Expected log loss saved by the candidate under the truth after the change, in nats per study."""
    if change.candidate is None:
        return None
    prevalence = site.prevalence
    candidate = read_calibrator(change.candidate["candidate"])
    x, weight = score_law(prevalence, site.auc)
    x = x + shift.score
    risk = expit(log_odds_of(shift.line(site), x))
    if shift.prevalence_odds:
        odds = math.log(prevalence / (1.0 - prevalence)) + shift.prevalence_odds
        x, weight = score_law(1.0 / (1.0 + math.exp(-odds)), site.auc)
        risk, x = expit(x), x - shift.prevalence_odds
    saved = [log_loss(x, np.full_like(x, y)) - log_loss(calibrated_log_odds(candidate, x), np.full_like(x, y))
             for y in (1.0, 0.0)]  # fmt: skip
    return float(weight @ (risk * saved[0] + (1.0 - risk) * saved[1]))
