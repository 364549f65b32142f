"""The streams that compare with a reference: predictions as they arrive, outcomes as they mature."""

from monitor.operation.watching.references import Reference
from monitor.operation.watching.selfcheck import check_a_past_night
from monitor.operation.watching.specs import PREVALENCE, StreamSpec, limit_of, specs
from monitor.operation.watching.watch import ARRIVALS, Watch

__all__ = [
    "ARRIVALS",
    "PREVALENCE",
    "Reference",
    "StreamSpec",
    "Watch",
    "check_a_past_night",
    "limit_of",
    "specs",
]
