"""What a plan can and cannot do, before it is authorised: by formulas, and on simulated sites."""

from monitor.rehearsal.power import PowerReport, Settings, power
from monitor.rehearsal.power_for_review import power_for_review
from monitor.rehearsal.rehearse import RehearsalReport, reference_site, rehearse
from monitor.rehearsal.sites import TYPICAL, TYPICAL_COHORTS, SiteProfile, read_sites
from monitor.rehearsal.statistical_section import statistical_section
from monitor.rehearsal.workspace_sites import WorkspaceSites, workspace_sites

__all__ = [
    "TYPICAL",
    "TYPICAL_COHORTS",
    "PowerReport",
    "RehearsalReport",
    "Settings",
    "SiteProfile",
    "WorkspaceSites",
    "power",
    "power_for_review",
    "read_sites",
    "reference_site",
    "rehearse",
    "statistical_section",
    "workspace_sites",
]
