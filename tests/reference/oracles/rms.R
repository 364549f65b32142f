# rms::val.prob and lrm with robcov: the calibration statistics in common use.
source(file.path(Sys.getenv("REFERENCE"), "oracles", "write.R"))
suppressPackageStartupMessages({library(rms); library(Hmisc)})

values <- list()
table <- read_input("patients")
for (column in c("calibrated", "distorted")) {
  found <- val.prob(table[[column]], table$outcome, pl = FALSE)
  for (name in c("C (ROC)", "Brier", "Intercept", "Slope"))
    values[[paste0(column, ".", name)]] <- unname(found[name])
  values[[paste0(column, ".somers2_c")]] <- unname(somers2(table[[column]], table$outcome)["C"])
}
table <- read_input("clustered")
table$l <- logit(table$new)
fit <- lrm(outcome ~ l, data = table, x = TRUE, y = TRUE, eps = 1e-12, tol = 1e-14, maxit = 50)
values$clustered.new.slope <- unname(coef(fit)["l"])
values$clustered.new.slope.robcov_se <- unname(sqrt(vcov(robcov(fit, table$patient))["l", "l"]))
write_values("rms", c("rms", "Hmisc"), c("patients", "clustered"), values)
