"""What is asked of a place beyond its streams: causes, estimates without outcomes, readers, exclusions."""

from monitor.operation.reading.investigation.calibration import (
    calibration_by_subgroup,
    calibration_in_use,
    calibration_over_time,
)
from monitor.operation.reading.investigation.causes import explanations
from monitor.operation.reading.investigation.completeness import outcomes_known
from monitor.operation.reading.investigation.drilldown import domain, opinion
from monitor.operation.reading.investigation.people import exclusions, readers
from monitor.operation.reading.investigation.scene import Network, Scene
from monitor.operation.reading.investigation.unlabelled import expected, prevalence

__all__ = [
    "Network",
    "Scene",
    "calibration_by_subgroup",
    "calibration_in_use",
    "calibration_over_time",
    "domain",
    "exclusions",
    "expected",
    "explanations",
    "opinion",
    "outcomes_known",
    "prevalence",
    "readers",
]
