"""What each table and column of the store means, where the schema's own comment is about one table only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Layer = Literal["raw", "annotation", "analysis", "bookkeeping"]

LAYERS: Mapping[Layer, str] = {
    "raw": "What the device and the hospital's systems recorded when a study was scored.",
    "annotation": "What people found to be true later, and how they came to it.",
    "analysis": "What the product computed from both; made again from archive and ledger if lost.",
    "bookkeeping": "What arrived when, and how far the nights have come.",
}

LAYER_OF: Mapping[str, Layer] = {
    "predictions": "raw",
    "exclusions": "raw",
    "archived_predictions": "raw",
    "outcomes": "annotation",
    "archived_outcomes": "annotation",
    "archived_cohorts": "analysis",
    "cohort_counts": "analysis",
    "first_scores": "analysis",
    "reference_features": "analysis",
    "stream_state": "analysis",
    "mean_looks": "analysis",
    "detector_states": "analysis",
    "batches": "bookkeeping",
    "meta": "bookkeeping",
    "migrations": "bookkeeping",
    "outbox": "bookkeeping",
    "study_keys": "bookkeeping",
    "batch_links": "bookkeeping",
    "watermark": "bookkeeping",
}
"""In the order in which a reader meets them."""

EVERYWHERE: Mapping[str, str] = {
    "ai_influence": "whether who gave the outcome had seen the device's answer",
    "batch": "the file it came in; joins to batches",
    "blank_lines": "blank lines of the file, in no other count",
    "cohort": "the look it belongs to: a day, week or month, or the file's name in undated logs",
    "cohort_end": "last day of that cohort",
    "content": "digest of patient, day and score",
    "day": "local day of the prediction",
    "earlier": "a batch before it that holds a row about one of its studies, and perhaps one that does not",
    "duplicates": "rows that repeat a known one",
    "edges": "inner edges of the bins of a number, in its unit",
    "epoch": "count of restarts of the stream",
    "feature": "covariate, or score, that is compared with later nights",
    "finding": "the finding, by its id in the plan",
    "flushed": "whether the line is in ledger.jsonl",
    "hospital": "site as the log names it; site is then hospital and stratum",
    "known_on": "first day on which a night may read it",
    "label_source": "where the outcome comes from; the plan's reference standard names the usable one",
    "label_version": "version of that source",
    "levels": "levels of a category",
    "line": "physical line of the file, or row number in Parquet",
    "log_e": "log e-value of each bet",
    "log_r": "log of the e-detector of each bet; an alarm when their mixture passes the limit",
    "log_r_mixture": "log of the mixture over the bets",
    "looks": "nights the detector has read",
    "model_version": "version of the frozen model",
    "name": "name of the fact, or of the schema's script",
    "night": "the night that wrote it",
    "observed_on": "day on which the outcome was known",
    "outcome": "1 present, 0 absent, null indeterminate",
    "patient": "patient, as a keyed pseudonym",
    "patients": "different patients",
    "predicted_at": "time of the prediction",
    "predictions": "predictions that left the working database",
    "reader_decision": "what the clinician decided",
    "reader_id": "who gave the outcome, as a keyed pseudonym",
    "received_on": "day of arrival",
    "rejected": "rows refused, kept in rejected/ with their reason",
    "revision": "1, 2, ... of one outcome; the highest is the latest",
    "revisions": "rows that change a known outcome",
    "rows": "studies",
    "rows_read": "rows of the file",
    "score": "raw model output in [0, 1]",
    "sequence": "number of the ledger entry",
    "sha256": "SHA-256 of the script",
    "site": "the place that is watched: a hospital, or one stratum of it",
    "source_sha256": "SHA-256 of the file as delivered",
    "squares": "sums of squares of the same readings",
    "stored": "rows accepted as new",
    "stream": "the stream, by its name in the plan and the pages",
    "study": "study, as a keyed pseudonym (a research number where the plan says so)",
    "value": "the fact",
    "version": "number of the schema's version",
}
"""A column that means the same in every table; a comment in the schema goes before."""

ONLY: Mapping[tuple[str, str], str] = {
    ("archived_predictions", "study"): "64 bits of a digest of the study's pseudonym",
    ("archived_outcomes", "study"): "64 bits of a digest of the study's pseudonym",
    ("study_keys", "study"): "64 bits of the study's pseudonym, or of a digest of a research number",
    ("outbox", "line"): "the finished ledger line",
    ("watermark", "night"): "the last finished night",
}
"""A column that means something else in one table."""
