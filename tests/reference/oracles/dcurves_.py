"""dcurves: net benefit of two risks at four thresholds."""

from __future__ import annotations

import pandas
from dcurves import dca
from writing import read_input, write_values

data = read_input("patients")
frame = pandas.DataFrame({name: data[name] for name in ("calibrated", "distorted", "outcome")})
found = dca(frame, "outcome", ["calibrated", "distorted"], thresholds=[0.1, 0.2, 0.3, 0.5])
values = {
    f"{row.model}.{row.threshold:g}": row.net_benefit
    for row in found.itertuples()
    if row.model in ("calibrated", "distorted", "all")
}
write_values("dcurves", ["dcurves", "pandas"], ["patients"], values)
