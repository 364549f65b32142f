"""pmvalsampsize: rows for an interval of O/E and of the area under the curve that is narrow enough.

The slope needs a simulated score there and is not used; `lpcstat` only satisfies its signature.
"""

from __future__ import annotations

from pmvalsampsize.pmvalsampsize import pmvalsampsize
from writing import write_values

values: dict[str, float] = {}
for prevalence in (0.05, 0.3):
    found = pmvalsampsize(
        type="b",
        prevalence=prevalence,
        cstatistic=0.85,
        lpcstat=-3.0,
        oeciwidth=0.4,
        cstatciwidth=0.1,
        tolerance=1,
        simobs=20_000,
        noprint=True,
    )
    rows = {row[0]: row[1] for row in found["results_table"] if len(row) == 5}
    values[f"prevalence_{prevalence:g}.observed_expected.rows"] = float(rows["Criteria 1 - O/E"])
    values[f"prevalence_{prevalence:g}.observed_expected.log_se"] = found["se_oe"]
    values[f"prevalence_{prevalence:g}.auc.rows"] = float(rows["Criteria 3 - C statistic"])
    values[f"prevalence_{prevalence:g}.auc.se"] = found["se_cstat"]
write_values("pmvalsampsize", ["pmvalsampsize", "numpy"], [], values)
