"""Evidently's view of a flagged site beside ours. It never decides, and it never stops a night."""

from monitor.drift.second_opinion.agreement import compare
from monitor.drift.second_opinion.asking import second_opinion
from monitor.drift.second_opinion.records import Agreement, OurFinding, SecondOpinion

__all__ = ["Agreement", "OurFinding", "SecondOpinion", "compare", "second_opinion"]
