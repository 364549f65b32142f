"""Judges a frozen candidate on rows nobody has used, against the plan's criteria."""

from monitor.validation.challenging import ChallengingResult, challenging
from monitor.validation.evidence import CriterionResult, Evidence
from monitor.validation.guardrails import Envelope, envelope
from monitor.validation.spending import HeldLook, LookBound, held_bound, look_bounds
from monitor.validation.subgroups import SubgroupResult, assess_subgroups, member
from monitor.validation.verdict import Judgement, judge

__all__ = [
    "ChallengingResult",
    "CriterionResult",
    "Envelope",
    "Evidence",
    "HeldLook",
    "Judgement",
    "LookBound",
    "SubgroupResult",
    "assess_subgroups",
    "challenging",
    "envelope",
    "held_bound",
    "judge",
    "look_bounds",
    "member",
]
