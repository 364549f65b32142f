"""Cross checks between the parts of a plan: what no single key can say about itself."""

from monitor.plan.rules.automation import RULES as AUTOMATION_RULES
from monitor.plan.rules.columns import RULES as COLUMN_RULES
from monitor.plan.rules.evaluation import RULES as EVALUATION_RULES
from monitor.plan.rules.findings import RULES as FINDING_RULES
from monitor.plan.rules.methods import RULES as METHOD_RULES
from monitor.plan.rules.readers import RULES as READER_RULES
from monitor.plan.rules.records import RULES as RECORD_RULES
from monitor.plan.rules.reference_standard import RULES as REFERENCE_RULES
from monitor.plan.rules.rule import Rule
from monitor.plan.rules.strata import RULES as STRATUM_RULES
from monitor.plan.rules.streams import RULES as STREAM_RULES
from monitor.plan.rules.structure import RULES as STRUCTURE_RULES
from monitor.plan.rules.subgroups import RULES as SUBGROUP_RULES
from monitor.plan.rules.times import RULES as TIME_RULES

RULES: tuple[Rule, ...] = (
    *TIME_RULES,
    *FINDING_RULES,
    *COLUMN_RULES,
    *METHOD_RULES,
    *EVALUATION_RULES,
    *SUBGROUP_RULES,
    *STRATUM_RULES,
    *STREAM_RULES,
    *STRUCTURE_RULES,
    *RECORD_RULES,
    *READER_RULES,
    *REFERENCE_RULES,
    *AUTOMATION_RULES,
)

__all__ = ["RULES", "Rule"]
