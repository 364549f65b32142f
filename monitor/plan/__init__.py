"""The change-control plan: read strictly, checked as a whole, bound by its hash."""

from monitor.plan.difference import Difference, difference
from monitor.plan.fault import Fault
from monitor.plan.json_schema import schema
from monitor.plan.loading import LoadedPlan, canonical, check, load
from monitor.plan.model import ChangePlan

__all__ = [
    "ChangePlan",
    "Difference",
    "Fault",
    "LoadedPlan",
    "canonical",
    "check",
    "difference",
    "load",
    "schema",
]
