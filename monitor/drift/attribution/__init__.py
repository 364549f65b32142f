"""What may have caused a shift: the explanations that the outcomes since the alarm do not reject."""

from monitor.drift.attribution.attribute import attribute
from monitor.drift.attribution.finding import Attribution, Interaction
from monitor.drift.attribution.hypotheses import EXPLANATIONS, Explanation
from monitor.drift.labelled import Labelled, labelled

__all__ = [
    "EXPLANATIONS",
    "Attribution",
    "Explanation",
    "Interaction",
    "Labelled",
    "attribute",
    "labelled",
]
