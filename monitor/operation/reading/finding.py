"""Whether and where one study or patient is in a workspace, for a person who holds the pseudonym key.

The identifier goes in and is never given back: what is told are pseudonyms, places, files and changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from monitor import store
from monitor.errors import UsageError
from monitor.operation.database_key import database_key, require_key
from monitor.operation.keys import pseudonym_key_id, read_key, require_outside
from monitor.operation.reading.status import read_state
from monitor.operation.reading.uses import Uses, uses_of
from monitor.operation.workspace import Workspace, read_plan
from monitor.records import Place
from monitor.registry.recorded import RecordedLedger
from monitor.store import FoundOutcome, FoundPrediction, Identifier, Store

DIGITS = 16
"""Of a hash: as many as name the files in `rejected/`."""


def find(path: Path, by: Identifier, identifier: str, key_file: Path) -> dict[str, Any]:
    """Look for a study or a patient in what the last finished run published.

    Args:
        path: The workspace.
        by: What the identifier names.
        identifier: As it stood in the delivered files; white space around it does not count.
        key_file: The pseudonym key of the workspace.

    Returns:
        Predictions with their outcomes, outcomes that wait for a prediction, and refused rows; "found" is
        False where there is none of them. A study kept in the clear (`research_id: true`) has no pseudonym.

    Raises:
        UsageError: No identifier, another key than that of entry 0, or nothing published yet.
    """
    loaded = read_plan(path)
    require_outside(key_file, path)
    key, state = read_key(key_file), read_state(path, loaded)
    require_key(path, state.bound, key)
    asked = _checked(identifier)
    pseudonym = store.pseudonym(key, by, asked)
    in_clear = by == "study" and loaded.plan.logs.predictions.research_id
    with store.open_snapshot(path, loaded.plan, database_key(path, key_file)) as snapshot:
        predictions, outcomes = _look(snapshot, by, asked if in_clear else pseudonym)
        workspace = Workspace(path, loaded, snapshot, RecordedLedger([]), state)
        uses = uses_of(workspace, _by_place(predictions))
    refused = store.refused(path, [pseudonym, store.pseudonym(key, "column", asked)])
    return {
        "found": bool(predictions or outcomes or refused),
        "as_of": state.last_night,
        "by": by,
        "pseudonym": None if in_clear else pseudonym,
        "pseudonym_key_id": pseudonym_key_id(key),
        "predictions": [_prediction(item, outcomes, uses, in_clear) for item in predictions],
        "waiting": _waiting(predictions, outcomes),
        "refused": [{"file": file, "rows": count} for file, count in refused.items()],
        "use_not_told": [{"change": change, "as": role} for change, role in uses.untold],
    }


def _checked(identifier: str) -> str:
    """What a cell of this text would have been read as; its hash needs text that UTF-8 can carry."""
    asked = store.as_delivered(identifier)
    if not asked or any(0xD800 <= ord(character) <= 0xDFFF for character in asked):
        raise UsageError("expected an identifier as text, found none or something that is no text")
    return asked


def _look(snapshot: Store, by: Identifier, value: str) -> tuple[list[FoundPrediction], list[FoundOutcome]]:
    predictions = snapshot.find_predictions(by, value)
    studies = {item.study for item in predictions} | ({value} if by == "study" else set())
    outcomes = snapshot.find_outcomes(sorted(studies)) if studies else []
    if by == "patient":
        # Another patient of another site may have a study of the same number.
        outcomes = [item for item in outcomes if any(_joins(item, other) for other in predictions)]
    return predictions, outcomes


def _joins(outcome: FoundOutcome, prediction: FoundPrediction) -> bool:
    place = prediction.place
    return (outcome.study, outcome.finding) == (prediction.study, place.finding) and (
        outcome.site in (None, prediction.hospital)
    )


def _by_place(predictions: Iterable[FoundPrediction]) -> dict[Place, set[str]]:
    found: defaultdict[Place, set[str]] = defaultdict(set)
    for item in predictions:
        found[item.place].add(item.study)
    return dict(found)


def _prediction(
    item: FoundPrediction, outcomes: Sequence[FoundOutcome], uses: Uses, in_clear: bool
) -> dict[str, Any]:
    used = uses.of.get((item.place, item.study), [])
    return {
        "study": None if in_clear else item.study,
        **item.place._asdict(),
        "cohort": item.cohort,
        "model_version": item.model_version,
        "excluded": item.excluded,
        "batch": _batch(item),
        "outcome": _outcome([other for other in outcomes if _joins(other, item)]),
        "used": [{"change": change, "as": role} for change, role in used],
    }


def _outcome(revisions: Sequence[FoundOutcome]) -> dict[str, Any]:
    """Known when the last word of some reader is 0 or 1; which of them is not told."""
    last: dict[str | None, FoundOutcome] = {}
    for item in sorted(revisions, key=lambda item: item.revision):
        last[item.reader] = item
    return {
        "known": any(item.known for item in last.values()),
        "label_sources": sorted({item.label_source for item in last.values() if item.label_source}),
        "readers": len(last),
        "revisions": len(revisions),
        "batches": [dict(pair) for pair in sorted({tuple(_batch(item).items()) for item in revisions})],
    }


def _waiting(
    predictions: Sequence[FoundPrediction], outcomes: Sequence[FoundOutcome]
) -> list[dict[str, Any]]:
    """Outcomes to which no prediction has come yet, by site and finding."""
    alone = [item for item in outcomes if not any(_joins(item, other) for other in predictions)]
    places = sorted({(item.site or "", item.finding) for item in alone})
    return [
        {
            "site": site or None,
            "finding": finding,
            "outcome": _outcome(
                [item for item in alone if (item.site or "", item.finding) == (site, finding)]
            ),
        }
        for site, finding in places
    ]


def _batch(item: FoundPrediction | FoundOutcome) -> dict[str, str]:
    return {"source_sha256": item.source_sha256[:DIGITS], "archive_sha256": item.archive_sha256[:DIGITS]}
