"""Items of reporting guidelines that a change dossier can serve, with the section that serves them.

Names are shortened. The guidelines report studies; a dossier is no study report and does not fulfil one.
"""

from __future__ import annotations

from typing import Final

_TRIPOD = "TRIPOD+AI (2024)"
_CLAIM = "CLAIM (2024 update)"
_DECIDE = "DECIDE-AI (2022)"

GUIDELINE_ITEMS: Final = (
    {"guideline": _TRIPOD, "item": "Data, participants", "section": "data"},
    {"guideline": _TRIPOD, "item": "Outcome", "section": "outcomes-read"},
    {"guideline": _TRIPOD, "item": "Sample size", "section": "criteria"},
    {"guideline": _TRIPOD, "item": "Missing data", "section": "data"},
    {"guideline": _TRIPOD, "item": "Fairness", "section": "subgroups"},
    {"guideline": _TRIPOD, "item": "Training versus evaluation", "section": "data"},
    {"guideline": _TRIPOD, "item": "Model specification", "section": "change"},
    {"guideline": _TRIPOD, "item": "Model performance", "section": "verdict"},
    {"guideline": _TRIPOD, "item": "Model updating", "section": "change"},
    {"guideline": _TRIPOD, "item": "Limitations", "section": "limits"},
    {"guideline": _CLAIM, "item": "Data sources", "section": "data"},
    {"guideline": _CLAIM, "item": "Reference standard", "section": "outcomes-read"},
    {"guideline": _CLAIM, "item": "Data partitions", "section": "data"},
    {"guideline": _CLAIM, "item": "Measures of performance and their uncertainty", "section": "criteria"},
    {"guideline": _CLAIM, "item": "Limitations", "section": "limits"},
    {"guideline": _DECIDE, "item": "Intended use", "section": "plan"},
    {"guideline": _DECIDE, "item": "AI system: version", "section": "plan"},
    {"guideline": _DECIDE, "item": "Modifications of the AI system", "section": "history"},
    {"guideline": _DECIDE, "item": "Safety and errors", "section": "follow-up"},
)


def guideline_items() -> list[dict[str, str]]:
    """The table of the appendix."""
    return [dict(item) for item in GUIDELINE_ITEMS]
