"""From ledger and plan to the dossier's record: the exact content of dossier.json."""

from __future__ import annotations

from typing import Any

from monitor.documentation.content import attested, for_a_person, in_use, notice, past
from monitor.documentation.content.account import data_account, ledger_position, trigger
from monitor.documentation.content.boundaries import (
    impact_assessment,
    labeling,
    limits,
    traceability,
    update_procedure,
)
from monitor.documentation.content.candidate import proposed_change, reliability, score_histogram
from monitor.documentation.content.conformity import conformity
from monitor.documentation.content.criteria import criteria
from monitor.documentation.content.follow_up import follow_up
from monitor.documentation.content.guidelines import guideline_items
from monitor.documentation.content.headline import banners, headline
from monitor.documentation.content.identity import document, plan_identity
from monitor.documentation.content.items import completeness, items
from monitor.documentation.content.operating_point import operating_point, without_small_cells
from monitor.documentation.content.outcome import approvals, attempt, performance, verdict
from monitor.documentation.content.outcomes_read import outcomes_read, without_small_outcomes
from monitor.documentation.content.over_time import calibration_over_time, without_small_stretches
from monitor.documentation.content.retention import retention
from monitor.documentation.content.spec_tests import with_tests
from monitor.documentation.content.subgroups import guardrails, subgroups, without_small_subgroups
from monitor.documentation.content.versions import versions
from monitor.documentation.evidence import Case, Change, History, PlanFile, Record
from monitor.documentation.suppression import suppressed
from monitor.documentation.withheld import with_parts_withheld
from monitor.documentation.withheld_alerts import with_alerts_withheld

__all__ = ["dossier"]


NOTHING_BESIDE = History()


def dossier(
    loaded_plan: PlanFile, change: Change, head: Record, history: History = NOTHING_BESIDE
) -> dict[str, Any]:
    """Everything the dossier of one change says, as pure data with full precision.

    Args:
        loaded_plan: The plan the workspace is bound to, with its SHA-256.
        change: The change attempt as the ledger tells it, whatever its verdict.
        head: Sequence and hash of the ledger's newest entry when the dossier is issued.
        history: What the ledger holds beside the change; nothing when it is not given.

    Returns:
        The content of dossier.json, without small cells where the plan says so. The pages are made from
        nothing else.
    """
    shared = _shared(loaded_plan, change, head)
    told = shared | _attested(Case(loaded_plan, change, history, shared))
    rows = items(Case(loaded_plan, change, history, told))
    return told | {"items": rows, "completeness": completeness(rows)}


def _attested(case: Case) -> dict[str, Any]:
    """Parts that say more than the figures; made from what may be shared, so they tell no small cell."""
    return {
        "conformity": conformity(case),
        "local_adaptation": attested.local_adaptation(case),
        "sequestration": attested.sequestration(case),
        "provenance": attested.provenance(case),
        "unmodified": attested.unmodified(case),
        "cumulative": attested.cumulative(case),
        "earlier_attempts": past.earlier_attempts(case),
        "failures": past.failures(case),
        "execution_history": past.execution_history(case),
        "plan_versions": past.plan_versions(case),
        "impact_recheck": for_a_person.impact_recheck(case),
        "labeling": {**case.shared["labeling"], **notice.labeling_delta(case)},
        "release_note": notice.release_note(case),
        "model_card_delta": notice.model_card_delta(case),
        "public_summary": notice.public_summary(case),
        "udi": for_a_person.udi(case),
        "side_checks": for_a_person.side_checks(case),
        "deployment": in_use.deployment(case),
        "monitoring_of_version": in_use.monitoring_of_version(case),
        "reporting_guidelines": guideline_items(),
    }


def _shared(loaded_plan: PlanFile, change: Change, head: Record) -> dict[str, Any]:
    """The record without small cells where the plan says so."""
    exact = _exact(loaded_plan, change, head)
    records = loaded_plan.plan.records
    if records is None:
        return exact
    exact |= {"records": records.model_dump(mode="json")}
    exact["limits"] += retention(records)
    least = records.small_cell_minimum
    if least is None:
        return exact
    exact["subgroups"] = without_small_subgroups(exact["subgroups"], exact, least)
    exact["operating_point"] = without_small_cells(exact["operating_point"], least)
    exact["outcomes_read"] = without_small_outcomes(exact["outcomes_read"], exact, least)
    exact["calibration_over_time"] = without_small_stretches(exact["calibration_over_time"], least)
    safe = suppressed(with_parts_withheld(exact, least), least)
    return with_alerts_withheld(safe, exact, least)


def _exact(loaded_plan: PlanFile, change: Change, head: Record) -> dict[str, Any]:
    """The record with every count, whoever may read it."""
    plan = loaded_plan.plan
    return {
        "document": document(change),
        "banners": banners(plan, change),
        "headline": headline(plan, change),
        "plan": plan_identity(loaded_plan),
        "trigger": trigger(plan, change),
        "data_account": data_account(plan, change),
        "change": proposed_change(plan, change),
        "reliability": reliability(change),
        "score_histogram": score_histogram(change),
        "calibration_over_time": calibration_over_time(plan, change),
        "criteria": criteria(plan, change),
        "verdict": verdict(plan, change),
        "performance": performance(change),
        "outcomes_read": outcomes_read(plan, change),
        "operating_point": operating_point(plan, change),
        "subgroups": subgroups(plan, change),
        "guardrails": guardrails(plan, change),
        "versions": versions(change),
        "attempt": attempt(plan, change),
        "approvals": approvals(plan, change),
        "follow_up": follow_up(plan, change),
        "ledger": ledger_position(change, head),
        "traceability": with_tests(traceability(plan, change)),
        "impact_assessment": impact_assessment(plan),
        "update_procedure": update_procedure(plan),
        "labeling": labeling(plan),
        "limits": limits(plan),
    }
