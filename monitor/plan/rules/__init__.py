"""Cross checks between the parts of a plan: what no single key can say about itself."""

from monitor.plan.rules.columns import RULES as COLUMN_RULES
from monitor.plan.rules.evaluation import RULES as EVALUATION_RULES
from monitor.plan.rules.rule import Rule
from monitor.plan.rules.structure import RULES as STRUCTURE_RULES
from monitor.plan.rules.times import RULES as TIME_RULES

RULES: tuple[Rule, ...] = (*TIME_RULES, *COLUMN_RULES, *EVALUATION_RULES, *STRUCTURE_RULES)

__all__ = ["RULES", "Rule"]
