"""The logs of a small simulated network, with identifiers planted wherever an export might carry one."""

from __future__ import annotations

import csv
from pathlib import Path

from monitor.simulation import Network, Scenario, network

PLAN = Path(__file__).resolve().parents[2] / "change_plans" / "chest_xray_pneumothorax.yaml"
PATIENT, STUDY, NAME, BIRTH = "QUOKKA", "WOMBAT", "NUMBAT", "1931-07-19"
NEEDLES = (PATIENT, STUDY, NAME, BIRTH, "19.07.1931")
SHIFTED = Scenario(
    "Harbour",
    "intercept",
    "A shift for good.",
    "Accepted.",
    150.0,
    0.2,
    intercept_shift=1.2,
    change_share=0.3,
)


def small_network() -> Network:
    """One site whose shift leads to an accepted change."""
    return network(nights=40, seed=5, scenarios=(SHIFTED,))


def planted_logs(folder: Path, *, site: str = "Harbour") -> dict[str, Path]:
    """The network's logs under other identifiers, with further columns and with rows that are refused.

    Args:
        folder: Made if absent.
        site: Name of the one site.
    """
    files = small_network().write(folder / "clean")
    return {
        "predictions": _planted(files.predictions[0], folder / "predictions.csv", site),
        "outcomes": _planted(files.outcomes[0], folder / "outcomes.csv", site),
    }


def broken_logs() -> dict[str, bytes]:
    """Files that are refused as a whole, or most of whose rows are; the names are as bad as the rest."""
    head = "accession,mrn,hospital,inference_time,model_version,ptx_score,age,kvp,view,scanner_vendor,sex"
    row = f"{STUDY}-1,{PATIENT}-1,Harbour,2026-01-03T10:00:00,ptx-3.2.0,0.5,60,110,PA,A,F"
    shifted = f"{PATIENT}-1,{NAME},{BIRTH},{STUDY}-1,Harbour,2026-01-03T10:00:00,ptx-3.2.0,0.5,60,110,PA"
    return {
        f"{NAME} {BIRTH}.csv": f"{row}\n{row}\n".encode(),
        f"{PATIENT}-2.csv": f"{head.replace('mrn', NAME)}\n{row}\n".encode(),
        f"{PATIENT}-3.csv": f"{head}{row}\n".encode(),
        f"{PATIENT}-4.csv": f'"{head}\n{row}\n'.encode(),
        f"{PATIENT}-5.parquet": f"PAR1 {PATIENT} PAR1".encode(),
        f"{PATIENT}-6.csv.gz": f"{PATIENT}".encode(),
        f"{PATIENT}-7.jsonl": f'["{PATIENT}"]\n'.encode(),
        f"{PATIENT}-8.txt": f"{PATIENT}\n".encode(),
        f"{PATIENT}-9.csv": f"{head}\n{shifted}\n{row},{NAME}\n{row}\xff\n{shifted}\n".encode("latin-1"),
    }


def _planted(source: Path, target: Path, site: str) -> Path:
    with source.open(newline="", encoding="utf-8") as lines:
        header, *rows = list(csv.reader(lines))
    study, patient, place = header.index("accession"), None, header.index("hospital")
    if "mrn" in header:
        patient = header.index("mrn")
    with target.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow([*header, "patient_name", "birth_date", "remark"])
        for row in rows:
            row[study], row[place] = f"{STUDY}-{row[study]}", site
            if patient is not None:
                row[patient] = f"{PATIENT}-{row[patient]}"
            writer.writerow([*row, f"Rosa {NAME}", BIRTH, f"{NAME} *{BIRTH}, phone 030-{PATIENT}"])
        for row in _refused_rows(rows[0], header):
            writer.writerow([*row, f"Rosa {NAME}", BIRTH, "x"])
        handle.write(f'{NAME},"{PATIENT} {BIRTH}\n{STUDY},{NAME}\n')
    return target


def _refused_rows(sound: list[str], header: list[str]) -> list[list[str]]:
    """A planted text in every column in turn, in rows that another fault has refused."""
    spoilt = {"ptx_score": "7", "ptx_confirmed": "maybe"}
    rows: list[list[str]] = []
    for column in range(len(header)):
        for text in (f"{PATIENT}-77", f"Rosa {NAME}", BIRTH, "19.07.1931"):
            row = [spoilt.get(name, cell) for name, cell in zip(header, sound, strict=True)]
            row[column] = text
            if header[column] in spoilt:
                row[header.index("accession")] = f"{STUDY}-x"
            rows.append(row)
    return rows
