"""Which file column holds which field of the log contract, from the plan's `logs` section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import IngestError, PlanError
from monitor.plan.model import ChangePlan, OutcomeLog, PredictionLog
from monitor.records import Role
from monitor.store.source import Source
from monitor.store.strata import hospital_column

ROLES: tuple[Role, Role] = ("predictions", "outcomes")
MOST_POSITIONS = 40


@dataclass(frozen=True)
class Layout:
    """The columns a log of one role must have.

    Attributes:
        role: predictions or outcomes.
        fields: Contract field -> column name in the file; only mapped fields.
        covariates: Covariate name -> column name in the file.
        constants: Contract field -> value, for fields the log lacks.
        missing: Texts that mean "no value".
        hospital: Column of stored predictions that holds the site as the logs name it.
    """

    role: Role
    fields: Mapping[str, str]
    covariates: Mapping[str, str]
    constants: Mapping[str, str]
    missing: tuple[str, ...]
    hospital: str

    @property
    def required(self) -> tuple[str, ...]:
        return (*self.fields.values(), *self.covariates.values())

    def column(self, field: str) -> str:
        """The file's name of a field, or the field's own where the log lacks it."""
        return self.fields.get(field, field)


def layout(plan: ChangePlan, role: Role) -> Layout:
    """What the plan says about the files of one role.

    Raises:
        PlanError: A field that every row needs is neither a column nor a constant.
    """
    log = plan.logs.predictions if role == "predictions" else plan.logs.outcomes
    fields = {name: column for name, column in log.columns.model_dump().items() if column is not None}
    constants = {
        name: value
        for name, value in log.constants.model_dump().items()
        if value is not None and name not in fields
    }
    if len(plan.findings) == 1 and "finding" not in fields:
        constants["finding"] = plan.findings[0].id
    _complete(plan, log, fields.keys() | constants.keys())
    covariates = {c.name: c.column or c.name for c in plan.logs.covariates} if role == "predictions" else {}
    missing = tuple({"": None, **dict.fromkeys(log.missing)})
    return Layout(role, fields, covariates, constants, missing, hospital_column(plan))


def _complete(plan: ChangePlan, log: PredictionLog | OutcomeLog, given: set[str]) -> None:
    needed = {"finding"}
    if isinstance(log, PredictionLog):
        needed |= {"site", "model_version"} | (set() if plan.undated else {"predicted_at"})
    elif not log.study_id_globally_unique:
        needed |= {"site"}
    for field in sorted(needed - given):
        role = "predictions" if isinstance(log, PredictionLog) else "outcomes"
        hint = "" if field != "site" or role == "predictions" else ", or study_id_globally_unique: true"
        raise PlanError(f"logs.{role}: {field}: expected a column or a constant{hint}, found neither")


def role_of(source: Source, layouts: Mapping[Role, Layout], wanted: Role | None) -> Role:
    """The role whose columns the file has.

    Raises:
        IngestError: A mapped column is missing, or the header fits both logs.
    """
    fitting: list[Role] = [role for role in ROLES if not _lacking(source, layouts[role])]
    if wanted is not None:
        fitting = [role for role in fitting if role == wanted]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise IngestError(f"{source.file}:1: the header fits both logs; say which one this is")
    raise IngestError(_mismatch(source, layouts, wanted))


def _lacking(source: Source, layout: Layout) -> list[str]:
    present = set(source.columns)
    return [column for column in dict.fromkeys(layout.required) if column not in present]


def _mismatch(source: Source, layouts: Mapping[Role, Layout], wanted: Role | None) -> str:
    """What the nearer log lacks. A name is shown only where it is the plan's or nearly: the first line
    may hold a patient's cells, all of them or some."""

    def share(role: Role) -> float:
        return len(_lacking(source, layouts[role])) / len(layouts[role].required)

    role = wanted or min(ROLES, key=share)
    expected = layouts[role].required
    lacking = ", ".join(repr(name) for name in _lacking(source, layouts[role]))
    if set(expected).isdisjoint(source.columns):
        found = f"{len(source.columns)} other fields: is the first line a header?"
    else:
        found = _shown(source.columns, expected)
    return f"{source.file}:1: column {lacking}: expected by the plan's logs.{role}, found {found}"


def _shown(columns: tuple[str, ...], expected: tuple[str, ...]) -> str:
    """The file's names that the plan has, if only in another spelling; the others by their position."""
    known = {_letters(name) for name in expected}
    names = [repr(name) for name in columns if _letters(name) in known]
    others = [str(position) for position, name in enumerate(columns, 1) if _letters(name) not in known]
    more = f" and {len(others) - MOST_POSITIONS} more" if len(others) > MOST_POSITIONS else ""
    unknown = f"unknown names in columns {', '.join(others[:MOST_POSITIONS])}{more}" if others else ""
    return " and ".join(filter(None, (", ".join(names), unknown)))


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def check_site(plan: ChangePlan, file: Path, layout: Layout) -> None:
    """An outcome log without sites needs study ids that no two sites share.

    Raises:
        IngestError: The plan does not say so.
    """
    if (
        layout.role == "outcomes"
        and "site" not in layout.fields
        and not plan.logs.outcomes.study_id_globally_unique
    ):
        raise IngestError(
            f"{file}: column 'site': expected, or study_id_globally_unique in the plan; found neither"
        )
