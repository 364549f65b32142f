"""Telling domains apart: has the mix of studies changed, and does the score give the site away?"""

from monitor.drift.domain.classify import classify_domains
from monitor.drift.domain.records import Carrier, DomainRule, DomainShift, Sample
from monitor.drift.domain.scored import DomainTold, Scored, ScoreTold, ShortcutAudit
from monitor.drift.domain.shortcut import audit_shortcut
from monitor.drift.domain.wording import name_carriers

__all__ = [
    "Carrier",
    "DomainRule",
    "DomainShift",
    "DomainTold",
    "Sample",
    "ScoreTold",
    "Scored",
    "ShortcutAudit",
    "audit_shortcut",
    "classify_domains",
    "name_carriers",
]
