"""What `pccp find` found, for a person to read."""

from __future__ import annotations

from typing import Any

from flows.terminal import plain, say, table

COLUMNS = ("site", "finding", "cohort", "model", "outcome", "label source", "delivered in", "used by")


def say_found(found: dict[str, Any]) -> None:
    """Pseudonym, predictions, waiting outcomes and refused rows; never the identifier."""
    say(f"as of {found['as_of'] or 'no night yet'}   key {found['pseudonym_key_id']}")
    pseudonym = found["pseudonym"] or "none, the plan keeps study numbers as they are"
    say(f"pseudonym of the {found['by']}: {pseudonym}")
    if found["predictions"]:
        table(COLUMNS, [_row(item) for item in found["predictions"]])
    for item in found["waiting"]:
        files = _batches(item["outcome"]["batches"])
        say(f"an outcome waits for its prediction: {_where(item)}, delivered in {files}")
    for item in found["refused"]:
        say(f"refused rows: {item['rows']} in rejected/{item['file']}.jsonl")
    for item in found["use_not_told"]:
        say(f"not known: whether {item['change']} used it for {item['as']}; that window cannot be read again")


def _where(item: dict[str, Any]) -> str:
    return f"{plain(item['site'])}, {plain(item['finding'])}"


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    outcome, unused = item["outcome"], "excluded" if item["excluded"] else "no change"
    return (
        item["site"],
        item["finding"],
        item["cohort"],
        item["model_version"],
        "known" if outcome["known"] else "indeterminate" if outcome["revisions"] else "none yet",
        ", ".join(outcome["label_sources"]),
        _batches([item["batch"], *outcome["batches"]]),
        ", ".join(f"{use['change']} ({use['as']})" for use in item["used"]) or unused,
    )


def _batches(batches: list[dict[str, str]]) -> str:
    return ", ".join(batch["source_sha256"] for batch in batches)
