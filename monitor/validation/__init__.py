"""Judges a frozen candidate on rows nobody has used, against the plan's criteria."""

from monitor.validation.criteria import CriterionResult, Evidence
from monitor.validation.verdict import Judgement, judge

__all__ = ["CriterionResult", "Evidence", "Judgement", "judge"]
