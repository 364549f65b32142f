"""Times and looks: what the log's clock allows the monitoring to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from monitor.plan.fault import Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules.rule import DATA, EVALUATION, MONITORING, PREDICTIONS, Rule

CADENCE_FORMS = {
    "daily": ("a day such as 2026-03-01", r"\d{4}-\d{2}-\d{2}"),
    "weekly": ("an ISO week such as 2026-W09", r"\d{4}-W\d{2}"),
    "monthly": ("a month such as 2026-03", r"\d{4}-\d{2}"),
}


def is_date(text: str | None) -> bool:
    """True for a calendar date written year-month-day.

    Example:
        >>> is_date("2026-02-28"), is_date("2026-02-30"), is_date("20260228")
        (True, False, False)
    """
    return _parsed(text or "", r"\d{4}-\d{2}-\d{2}", "")


def is_cohort(text: str, cadence: str) -> bool:
    """True when `text` names a cohort of the cadence.

    Example:
        >>> is_cohort("2026-W09", "weekly"), is_cohort("2026-13", "monthly")
        (True, False)
    """
    suffix = {"daily": "", "weekly": "-1", "monthly": "-01"}[cadence]
    return _parsed(text, CADENCE_FORMS[cadence][1], suffix)


def _parsed(text: str, form: str, suffix: str) -> bool:
    if not re.fullmatch(form, text, re.ASCII):
        return False
    try:
        date.fromisoformat(text + suffix)
    except ValueError:
        return False
    return True


def is_timezone(name: str) -> bool:
    """True when the time zone database knows the name.

    Example:
        >>> is_timezone("Europe/Berlin"), is_timezone("Europe/Bielefeld")
        (True, False)
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def timezone(plan: ChangePlan) -> Iterator[Problem]:
    """Times of day need a time zone; coarser times have none."""
    log, key = plan.logs.predictions, (*PREDICTIONS, "timezone")
    if log.time_precision == "second":
        if log.timezone is None:
            yield Problem(
                key,
                "times of day without a time zone",
                "an IANA time zone such as Europe/Berlin",
                "nothing",
                True,
            )
        elif not is_timezone(log.timezone):
            yield Problem(key, "not a known time zone", "an IANA time zone such as Europe/Berlin", "text")
    elif log.timezone is not None:
        yield Problem(key, "has a meaning only with time_precision: second", "no such key", "text", True)


def day_zero(plan: ChangePlan) -> Iterator[Problem]:
    """Integer days count from a date; other times do not."""
    log, key = plan.logs.predictions, (*PREDICTIONS, "day_zero")
    if log.time_precision == "integer_day":
        if not is_date(log.day_zero):
            found = "nothing" if log.day_zero is None else "text"
            yield Problem(key, "integer days without the date of day 0", "a date such as 2020-03-01", found)
    elif log.day_zero is not None:
        yield Problem(key, "has a meaning only with time_precision: integer_day", "no such key", "text", True)


def time_columns(plan: ChangePlan) -> Iterator[Problem]:
    """Dated logs have a time column; only undated ones may name cohorts."""
    log, columns = plan.logs.predictions, (*PREDICTIONS, "columns")
    if log.time_precision == "none":
        if log.columns.predicted_at is not None:
            key = (*columns, "predicted_at")
            yield Problem(key, "a time column with time_precision: none", "no such key", "text", True)
        if plan.logs.outcomes.columns.observed_at is not None:
            key = ("logs", "outcomes", "columns", "observed_at")
            yield Problem(key, "a time column with time_precision: none", "no such key", "text", True)
        return
    if log.columns.predicted_at is None:
        key = (*columns, "predicted_at")
        yield Problem(key, "no column gives the time of the prediction", "a column name", "nothing", True)
    if log.columns.cohort is not None:
        key = (*columns, "cohort")
        yield Problem(key, "has a meaning only with time_precision: none", "no such key", "text", True)


def cadence(plan: ChangePlan) -> Iterator[Problem]:
    """Undated logs are looked at once, months monthly, the rest on a clock."""
    precision, chosen = plan.logs.predictions.time_precision, plan.monitoring.cadence
    key = (*MONITORING, "cadence")
    if precision == "none":
        if chosen != "once":
            yield Problem(key, "undated logs are looked at once", "once", "text")
    elif precision == "month" and chosen != "monthly":
        yield Problem(key, "times of month precision allow monthly looks only", "monthly", "text")
    elif chosen == "once":
        yield Problem(
            key, "dated logs are looked at again and again", "one of: daily, weekly, monthly", "text"
        )


def horizon(plan: ChangePlan) -> Iterator[Problem]:
    """One look at undated logs, so a horizon of one."""
    if plan.undated and plan.monitoring.horizon_looks != 1:
        yield Problem((*MONITORING, "horizon_looks"), "undated logs have one look", "1", "whole number")


def first_cohort(plan: ChangePlan) -> Iterator[Problem]:
    """The first cohort is named as the cadence names cohorts."""
    first, chosen, key = plan.monitoring.first_cohort, plan.monitoring.cadence, (*MONITORING, "first_cohort")
    if first is None:
        return
    if chosen == "once":
        yield Problem(key, "undated cohorts have no order", "no such key", "text", True)
    elif not is_cohort(first, chosen):
        yield Problem(key, f"not the name of a {chosen} cohort", CADENCE_FORMS[chosen][0], "text")


def label_streams(plan: ChangePlan) -> Iterator[Problem]:
    """Dated logs say which studies of a patient count; undated ones average over the patient."""
    key, given = (*MONITORING, "label_streams"), plan.monitoring.label_streams is not None
    if plan.undated and given:
        message = "undated logs average over a patient's studies, so none is chosen"
        yield Problem(key, message, "no such key", "mapping", True)
    if not plan.undated and not given:
        message = "missing key: which studies of a patient count"
        yield Problem(key, message, "studies_per_patient and window_days", "nothing", True)


def split_order(plan: ChangePlan) -> Iterator[Problem]:
    """Time splits dated logs, a hash of the patient undated ones."""
    key = (*DATA, 0, "split", "order")
    if plan.undated and plan.data.split.order != "hash":
        yield Problem(key, "undated logs cannot be split in time", "hash, with fitting_share", "text")
    if not plan.undated and plan.data.split.order != "time":
        yield Problem(key, "dated logs are split in time", "time", "text")


def maturity(plan: ChangePlan) -> Iterator[Problem]:
    """Undated cohorts are mature at once; dated ones mature before the wait ends."""
    if plan.undated and plan.data.maturity_days != 0:
        key = (*DATA, 0, "maturity_days")
        yield Problem(key, "undated cohorts are mature at once", "0", "whole number")
    if not plan.undated and plan.evaluation.maximum_wait_days <= plan.data.maturity_days:
        key = (*EVALUATION, 0, "maximum_wait_days")
        message = "the wait ends before any outcome is mature"
        yield Problem(key, message, "more than maturity_days", "whole number")


RULES = (
    Rule((PREDICTIONS,), timezone),
    Rule((PREDICTIONS,), day_zero),
    Rule((PREDICTIONS, ("logs", "outcomes")), time_columns),
    Rule((PREDICTIONS, MONITORING), cadence),
    Rule((PREDICTIONS, MONITORING), horizon),
    Rule((MONITORING,), first_cohort),
    Rule((PREDICTIONS, MONITORING), label_streams),
    Rule((PREDICTIONS, DATA), split_order),
    Rule((PREDICTIONS, DATA, EVALUATION), maturity),
)
