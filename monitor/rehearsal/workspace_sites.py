"""The sites of a workspace as its last finished night left them: volume, prevalence and discrimination."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from monitor import store
from monitor.errors import UsageError
from monitor.operation.database_key import database_key
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import read_plan
from monitor.performance import area_under_curve
from monitor.records import Rows
from monitor.rehearsal.sites import DAYS_PER_MONTH, SiteProfile

LEAST_EVENTS = 10
SMALLEST_AUC, LARGEST_AUC = 0.55, 0.995


class WorkspaceSites(NamedTuple):
    """Sites that can be described, and those with too few events to be."""

    sites: tuple[SiteProfile, ...]
    too_few: tuple[str, ...]


def workspace_sites(path: Path, key_file: Path | None = None) -> WorkspaceSites:
    """Describe each place by its mature rows with a usable outcome.

    Args:
        path: A workspace in which a night has finished.
        key_file: Pseudonym key of a workspace whose databases are encrypted.

    Raises:
        UsageError: No night has finished, or no site has ten of the rarer class.
    """
    loaded = read_plan(path)
    state = read_state(path, loaded)
    if state.last_night is None:
        raise UsageError(f"{path}: no night has finished here")
    matured_by = date.fromisoformat(state.last_night)
    with store.open_snapshot(path, loaded.plan, database_key(path, key_file)) as snapshot:
        by_place = snapshot.mature_rows(matured_by=matured_by, known_by=date.max)
    sites: list[SiteProfile] = []
    too_few: list[str] = []
    several = len(loaded.plan.findings) > 1
    for place in sorted(by_place):
        name = f"{place.site}, {place.finding}" if several else place.site
        rows = by_place[place].known()
        if rows.events < LEAST_EVENTS:
            too_few.append(name)
        else:
            sites.append(_profile(name, rows))
    if not sites:
        raise UsageError(
            f"{path}: expected a site with at least {LEAST_EVENTS} of the rarer class, found none"
        )
    return WorkspaceSites(tuple(sites), tuple(too_few))


def _profile(name: str, rows: Rows) -> SiteProfile:
    """An AUC that no simulation could use is moved to the nearest that one can."""
    area = area_under_curve(rows.score, rows.outcome, rows.patient).value or SMALLEST_AUC
    months = 1.0
    if not np.isnat(rows.day).any():
        days = int((rows.day.max() - rows.day.min()) / np.timedelta64(1, "D")) + 1
        months = max(1.0, days / DAYS_PER_MONTH)
    prevalence = float(np.clip(rows.outcome.mean(), 0.001, 0.999))
    auc = min(max(area, SMALLEST_AUC), LARGEST_AUC)
    return SiteProfile(name, round(max(1.0, len(rows) / months), 1), round(prevalence, 4), round(auc, 4))
