"""After deployment: did the change help?"""

from __future__ import annotations

from monitor.documentation.blocks import Block, Cell, Commands, Facts, Section, Sentence, Stack
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Interval, Number
from monitor.documentation.wording import counted


def follow_up_section(dossier: Record) -> Section:
    """What is asked after deployment, and the answer where there is one."""
    found, planned = dossier["follow_up"]["found"], dossier["follow_up"]["planned"]
    blocks: tuple[Block, ...]
    if found is not None:  # first: a later version of the plan may ask what this change's own does not
        blocks = _answer(found) if found["comparison"] else _not_asked(found)
    elif planned is None:
        blocks = (Sentence("The plan asks no question of a change after its deployment."),)
    else:
        blocks = (Sentence(_waiting(planned, dossier["follow_up"]["deployed"])),)
    return Section("follow-up", "After deployment", blocks)


def _waiting(planned: Record, deployed: bool) -> str:
    events = counted(planned["events"], "event")
    if not deployed:
        return f"Once deployed, the change is compared with what it replaced at {events} since deployment."
    return f"Not asked yet: the comparison is made when {events} have matured since deployment."


def _not_asked(found: Record) -> tuple[Block, ...]:
    rows = (("Reason", str(found["reason"])), ("Asked in the night of", str(found["night"])))
    return (Sentence(found["words"]), Facts(rows))


def _answer(found: Record) -> tuple[Block, ...]:
    comparison, level = found["comparison"], 100 * (1 - 2 * found["alpha"])
    gain = Interval(comparison["value"], comparison["low"], comparison["high"], 4)
    rows: tuple[tuple[str, Cell], ...] = (
        (f"Gain in log loss per study ({level:g} % interval)", gain),
        ("Log loss of the old probabilities", Number(comparison["log_loss_before"], 4)),
        ("Log loss of the new probabilities", Number(comparison["log_loss_after"], 4)),
        ("Studies", Stack((Number(found["n"]), Number(found["events"], unit="events")))),
        ("Cohorts", f"{found['from']} to {found['to']}"),
        ("Asked in the night of", str(found["night"])),
        ("Method", str(comparison["method"])),
    )
    blocks: list[Block] = [Sentence(found["words"]), Facts(rows)]
    if found["rollback_proposed"]:
        command = "pccp rollback WORKSPACE --site SITE --signer NAME --role ROLE --key KEYFILE --reason TEXT"
        blocks += [Sentence("A person decides:"), Commands((command,))]
    return tuple(blocks)
