"""relplot: smooth expected calibration error, which its grid of 1e-3 carries to about three digits."""

from __future__ import annotations

import relplot
from writing import read_input, write_values

data = read_input("patients")
values = {
    f"{column}.smooth_ece": float(relplot.smECE(data[column], data["outcome"]))
    for column in ("calibrated", "distorted")
}
write_values("relplot", ["relplot", "numpy"], ["patients"], values)
