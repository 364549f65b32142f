"""statsmodels: logistic regression with cluster covariance, agreement of readers."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa
from writing import read_input, write_values


def logit(p: np.ndarray) -> np.ndarray:
    return np.log(p) - np.log1p(-p)


values: dict[str, float] = {}
many = read_input("clustered")
groups = np.unique(many["patient"].astype(str), return_inverse=True)[1]
clusters = {"groups": groups, "use_correction": False}
for column in ("old", "new"):
    x = logit(many[column])
    binomial = sm.families.Binomial()
    line = sm.GLM(many["outcome"], sm.add_constant(x), family=binomial)
    fit = line.fit(tol=1e-14, maxiter=100, cov_type="cluster", cov_kwds=clusters)
    values[f"{column}.joint_intercept"], values[f"{column}.slope"] = fit.params
    values[f"{column}.slope.cluster_se"] = fit.bse[1]
    shift = sm.GLM(many["outcome"], np.ones((len(x), 1)), family=binomial, offset=x)
    moved = shift.fit(tol=1e-14, maxiter=100, cov_type="cluster", cov_kwds=clusters)
    values[f"{column}.calibration_intercept"] = moved.params[0]
    values[f"{column}.calibration_intercept.cluster_se"] = moved.bse[0]

outcome = many["outcome"]
losses = {c: -(outcome * np.log(many[c]) + (1 - outcome) * np.log1p(-many[c])) for c in ("old", "new")}
difference = sm.OLS(losses["old"] - losses["new"], np.ones(len(outcome)))
mean = difference.fit(cov_type="cluster", cov_kwds=clusters)
values["log_loss_difference"] = mean.params[0]
values["log_loss_difference.cluster_se"] = mean.bse[0]

reads = read_input("readers")
names = ("first", "second", "third")


def kappa(raters: list[str], keep: np.ndarray | None = None) -> float:
    """Fleiss' kappa; of two raters this is Scott's pi."""
    table = np.column_stack([reads[name] for name in raters]).astype(int)
    return float(fleiss_kappa(aggregate_raters(table if keep is None else table[keep])[0], method="fleiss"))


studies = len(reads["study"])
for label, raters in {"three": names, "first_second": names[:2], "second_third": names[1:]}.items():
    left_out = np.array([kappa(list(raters), np.arange(studies) != i) for i in range(studies)])
    values[f"kappa.{label}"] = kappa(list(raters))
    values[f"kappa.{label}.jackknife_se"] = np.sqrt((studies - 1) ** 2 / studies * left_out.var(ddof=1))
for one, other in (("first", "second"), ("second", "third")):
    table = np.array([[np.sum((reads[one] == i) & (reads[other] == j)) for j in (0, 1)] for i in (0, 1)])
    values[f"cohen.{one}_{other}"] = cohens_kappa(table).kappa
write_values("statsmodels", ["statsmodels", "numpy"], ["clustered", "readers"], values)
