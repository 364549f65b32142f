"""Plain words for the names that records use, so that every page says the same thing the same way."""

from __future__ import annotations

from typing import Final

VERDICT_WORDS: Final = {
    "accept": "Accepted",
    "reject": "Rejected",
    "insufficient": "Insufficient evidence",
}

STATE_WORDS: Final = {
    "collecting": "collecting studies",
    "proposed": "proposed, waiting for approval",
    "approved": "approved, not yet deployed",
    "deployed": "deployed at its site",
    "declined": "declined by a person",
    "rejected": "recorded and not implemented",
    "insufficient": "closed for want of evidence, not implemented",
    "void": "void, it may no longer be judged or used",
    "rolled_back": "deployed, and rolled back since",
    "withdrawn": "withdrawn, the deployed calibrator stays",
}

ACTOR_WORDS: Final = {
    "manufacturer": "the manufacturer of the device",
    "qualified_user": "a qualified clinical user",
    "software": "the device software",
}

AUTHORIZATION_WORDS: Final = {
    "none": "none: this plan has not been submitted to an authority",
    "submitted": "submitted to an authority, not authorized",
    "authorized": "authorized",
}

COMPARATOR_WORDS: Final = {
    "last_deployed": "last deployed calibrator",
    "original": "original calibrator",
}

REQUIRE_WORDS: Final = {
    "demonstrated": "demonstrated",
    "not_contradicted": "not contradicted",
}

STATUS_WORDS: Final = {
    "demonstrated": "demonstrated",
    "not_contradicted": "not contradicted",
    "contradicted": "contradicted",
    "insufficient": "no estimate",
    "not_evaluated": "not evaluated",
}

METHOD_WORDS: Final = {
    "identity": "none: the raw score is the probability",
    "intercept": "intercept moved, slope kept",
    "platt": "intercept and slope refitted (Platt)",
    "pooled": "intercept and slope shrunk to other sites, or to the map in use (pooled)",
    "prior_shift": "intercept moved by the change of the prevalence (prior shift)",
    "beta": "one slope for each end of the score (beta)",
    "isotonic": "observed shares in order, 1 % Platt mixed in (isotonic)",
    "keep": "keep the deployed calibrator",
}

METRIC_NAMES: Final = {
    "log_loss_difference": "Log loss saved",
    "brier_score_difference": "Brier score saved",
    "auc": "Area under the ROC curve",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
    "alert_rate": "Alert rate",
    "observed_expected_ratio": "Observed over expected",
    "calibration_slope": "Calibration slope",
}

METRIC_UNITS: Final = {
    "log_loss_difference": "nats per study",
    "brier_score_difference": "per study",
    "auc": "area",
    **dict.fromkeys(("sensitivity", "specificity", "ppv", "npv", "alert_rate"), "share"),
    "observed_expected_ratio": "ratio",
    "calibration_slope": "ratio",
}

METRIC_MEANINGS: Final = {
    "brier_score_difference": (
        "Brier score of the {against} minus the candidate's, on the same studies. Above 0 the candidate's "
        "probabilities are better."
    ),
    "auc": (
        "Chance that a study with the outcome scores above one without it; against a comparator, by how much "
        "it differs."
    ),
    "sensitivity": "Share of studies with the outcome that the operating point flags.",
    "specificity": "Share of studies without the outcome that the operating point does not flag.",
    "ppv": "Share of flagged studies that have the outcome.",
    "npv": "Share of studies that are not flagged and do not have the outcome, of those not flagged.",
    "alert_rate": "Share of all studies that the operating point flags.",
    "log_loss_difference": (
        "Log loss of the {against} minus the candidate's, on the same studies. Above 0 the candidate's "
        "probabilities are better."
    ),
    "observed_expected_ratio": (
        "Events that occurred, of the rarer class, over those the candidate predicts. 1 is ideal; below 1 it "
        "predicts too many."
    ),
    "calibration_slope": (
        "Spread of the candidate's probabilities. 1 is ideal; below 1 they are too extreme, above 1 too "
        "timid."
    ),
}

SHOWN: Final = {
    "demonstrated": "The interval lies wholly on the required side of the limit.",
    "not_contradicted": "The interval reaches across the limit: neither the claim nor its contrary is shown.",
    "contradicted": "The interval lies wholly beyond the limit: the contrary of the claim is shown.",
    "insufficient": "No estimate exists for these studies, which is never a pass.",
    "not_evaluated": "No look was reached, so nothing was estimated.",
}


def listed(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    """Names as a sentence lists them.

    Example:
        >>> listed(["G1"]), listed(["G1", "G2", "G6"])
        ('G1', 'G1, G2 and G6')
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "event"), counted(2310, "study", "studies")
        ('1 event', '2,310 studies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def spaced(name: str) -> str:
    """An identifier as words.

    Example:
        >>> spaced("not_contradicted")
        'not contradicted'
    """
    return name.replace("_", " ")


def as_sentence(text: str) -> str:
    """A reason of the ledger with a capital letter and a full stop.

    Example:
        >>> as_sentence("only 41 of 100 events"), as_sentence("G1 contradicted.")
        ('Only 41 of 100 events.', 'G1 contradicted.')
    """
    return capitalised(text).rstrip(".") + "."


def capitalised(text: str) -> str:
    """The text with its first letter as a capital and the rest as it is.

    Example:
        >>> capitalised("outcome known by G1")
        'Outcome known by G1'
    """
    return text[:1].upper() + text[1:]
