"""From the dossier's record to the sections of the page, in the order they are read."""

from __future__ import annotations

from monitor.documentation.blocks import Section
from monitor.documentation.evidence import Record
from monitor.documentation.sections.closing import (
    impact_section,
    labeling_section,
    ledger_section,
    limits_section,
    traceability_section,
    update_section,
)
from monitor.documentation.sections.criteria import criteria_section
from monitor.documentation.sections.decision import (
    approval_section,
    attempt_section,
    headline_facts,
    verdict_section,
)
from monitor.documentation.sections.follow_up import follow_up_section
from monitor.documentation.sections.opening import data_section, plan_section, trigger_section
from monitor.documentation.sections.operating_point import operating_point_section
from monitor.documentation.sections.outcomes_read import outcomes_section
from monitor.documentation.sections.proposal import change_section, reliability_section
from monitor.documentation.sections.subgroups import subgroups_section
from monitor.documentation.sections.versions import versions_section

__all__ = ["headline_facts", "sections"]


def sections(dossier: Record) -> tuple[Section, ...]:
    """Every section of the document after its headline."""
    return (
        plan_section(dossier),
        trigger_section(dossier),
        data_section(dossier),
        outcomes_section(dossier),
        change_section(dossier),
        reliability_section(dossier),
        criteria_section(dossier),
        verdict_section(dossier),
        operating_point_section(dossier),
        subgroups_section(dossier),
        versions_section(dossier),
        attempt_section(dossier),
        approval_section(dossier),
        follow_up_section(dossier),
        ledger_section(dossier),
        traceability_section(dossier),
        impact_section(dossier),
        update_section(dossier),
        labeling_section(dossier),
        limits_section(dossier),
    )
