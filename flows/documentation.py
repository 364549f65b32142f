"""A dossier made again as a Prefect flow, on demand: letter by letter as on record, or the run fails."""

# No `from __future__ import annotations` here: a served run could not resolve the flow's parameters.

from pathlib import Path

from prefect import flow, get_run_logger

from flows.showing import show_dossiers
from flows.working import HOUR, optional_path, working
from monitor.operation.reissue import Reissued, reissue


@working("make the dossier again", hours=1)
def make_again(workspace: str, change: str, pseudonym_key: str | None) -> Reissued:
    return reissue(Path(workspace), change, key_file=optional_path(pseudonym_key))


@flow(name="pccp-documentation", persist_result=False, timeout_seconds=2 * HOUR, validate_parameters=True)
def documentation(workspace: str, change: str, pseudonym_key: str | None = None) -> Reissued:
    """Make the dossier of a change again from plan and ledger, and link it in Prefect.

    Args:
        workspace: Folder of the workspace.
        change: For example CHG-0001.
        pseudonym_key: Key file; the user's config folder when None.

    Raises:
        EvidenceError: It has another hash than the one on record; the message says what differs.
    """
    made: Reissued = make_again(workspace, change, pseudonym_key)
    log = get_run_logger()
    log.info("%s made again, sha256 %s, as ledger entry %s has it", made.change, made.sha256, made.sequence)
    if made.found != "as on record":
        log.warning("in its place was %s: %s", made.found, "; ".join(made.differences) or "it is put back")
    if not show_dossiers({made.change: str(made.page)}, return_state=True).is_completed():
        log.warning("an artifact could not be made; the dossier is not affected")
    return made
