"""From the dossier's record to the sections of the page, in the order they are read."""

from __future__ import annotations

from monitor.documentation.blocks import Section
from monitor.documentation.evidence import Record
from monitor.documentation.sections.checklist import (
    CHECKLIST,
    checklist_section,
    guidelines_section,
    questions_section,
)
from monitor.documentation.sections.closing import (
    impact_section,
    ledger_section,
    limits_section,
    traceability_section,
    update_section,
)
from monitor.documentation.sections.conformity import conformity_section
from monitor.documentation.sections.criteria import criteria_section
from monitor.documentation.sections.decision import (
    approval_section,
    attempt_section,
    headline_facts,
    verdict_section,
)
from monitor.documentation.sections.follow_up import follow_up_section
from monitor.documentation.sections.in_use import deployment_section
from monitor.documentation.sections.notice import (
    labeling_section,
    public_summary_section,
    release_note_section,
)
from monitor.documentation.sections.opening import data_section, plan_section, trigger_section
from monitor.documentation.sections.operating_point import operating_point_section
from monitor.documentation.sections.outcomes_read import outcomes_section
from monitor.documentation.sections.over_time import over_time_section
from monitor.documentation.sections.past import history_section
from monitor.documentation.sections.proposal import change_section, reliability_section
from monitor.documentation.sections.subgroups import subgroups_section
from monitor.documentation.sections.versions import versions_section

__all__ = ["headline_facts", "sections"]


def sections(dossier: Record) -> tuple[Section, ...]:
    """Every section of the document after its headline; the checklist comes last and points to the others."""
    parts = _parts(dossier)
    titles = {"headline": "Headline", "items": CHECKLIST, **{part.id: part.title for part in parts}}
    return (*parts, checklist_section(dossier, titles), guidelines_section(dossier, titles))


def _parts(dossier: Record) -> tuple[Section, ...]:
    return (
        plan_section(dossier),
        trigger_section(dossier),
        data_section(dossier),
        outcomes_section(dossier),
        change_section(dossier),
        reliability_section(dossier),
        over_time_section(dossier),
        criteria_section(dossier),
        verdict_section(dossier),
        operating_point_section(dossier),
        subgroups_section(dossier),
        versions_section(dossier),
        attempt_section(dossier),
        conformity_section(dossier),
        history_section(dossier),
        approval_section(dossier),
        follow_up_section(dossier),
        ledger_section(dossier),
        traceability_section(dossier),
        impact_section(dossier),
        update_section(dossier),
        deployment_section(dossier),
        labeling_section(dossier),
        release_note_section(dossier),
        public_summary_section(dossier),
        questions_section(dossier),
        limits_section(dossier),
    )
