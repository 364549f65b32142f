# Logistic regression: stats::glm with sandwich, lmtest and geepack for the errors and the tests.
source(file.path(Sys.getenv("REFERENCE"), "oracles", "write.R"))
suppressPackageStartupMessages({library(sandwich); library(lmtest); library(geepack)})

exact <- glm.control(epsilon = 1e-15, maxit = 100)
fit <- function(formula, data) glm(formula, family = binomial, data = data, control = exact)
values <- list()
put <- function(name, value) values[[name]] <<- unname(value)

describe <- function(label, data) {
  data$l <- logit(data$risk)
  shift <- fit(y ~ 1 + offset(l), data)
  line <- fit(y ~ l, data)
  kept <- fit(y ~ 0 + offset(l), data)
  clustered <- function(model) vcovCL(model, cluster = data$who, type = "HC0", cadjust = FALSE)
  put(paste0(label, ".calibration_intercept"), coef(shift))
  put(paste0(label, ".calibration_intercept.cluster_se"), sqrt(clustered(shift)[1, 1]))
  put(paste0(label, ".slope"), coef(line)[2])
  put(paste0(label, ".joint_intercept"), coef(line)[1])
  put(paste0(label, ".slope.se"), sqrt(vcov(line)[2, 2]))
  put(paste0(label, ".covariance"), vcov(line)[1, 2])
  put(paste0(label, ".slope.cluster_se"), sqrt(clustered(line)[2, 2]))
  put(paste0(label, ".cluster_covariance"), clustered(line)[1, 2])
  put(paste0(label, ".log_likelihood"), as.numeric(logLik(line)))
  gee <- geeglm(y ~ l, id = data$number, data = data, family = binomial, corstr = "independence",
                control = geese.control(epsilon = 1e-14, maxit = 100))
  put(paste0(label, ".slope.geepack_se"), summary(gee)$coefficients["l", "Std.err"])
  overall <- lrtest(kept, line)
  against <- lrtest(shift, line)
  put(paste0(label, ".platt_against_keep.statistic"), overall$Chisq[2])
  put(paste0(label, ".platt_against_keep.p"), overall$`Pr(>Chisq)`[2])
  if (overall$`Pr(>Chisq)`[2] > .05) return(invisible())  # the closed test stops here
  put(paste0(label, ".platt_against_intercept.statistic"), against$Chisq[2])
  put(paste0(label, ".platt_against_intercept.p"), against$`Pr(>Chisq)`[2])
}

relation <- function(label, data) {
  # Observed over expected: the Poisson model's intercept is ln(O/E); its sandwich centres each row at
  # the fitted ratio, the definition used here centres at the predicted risk.
  ratio <- glm(y ~ 1 + offset(log(risk)), family = poisson, data = data, control = exact)
  residual <- rowsum(data$y - data$risk, data$who)
  put(paste0(label, ".observed_expected"), exp(coef(ratio)))
  put(paste0(label, ".observed_expected.log_se"), sqrt(sum(residual^2)) / sum(data$y))
  put(paste0(label, ".observed_expected.poisson_log_se"),
      sqrt(vcovCL(ratio, cluster = data$who, type = "HC0", cadjust = FALSE)[1, 1]))
}

table <- read_input("patients")
for (column in c("calibrated", "distorted")) {
  data <- data.frame(who = table$patient, number = seq_len(nrow(table)), risk = table[[column]], y = table$outcome)
  describe(column, data)
  relation(column, data)
}
for (input in c("clustered", "paired")) {
  table <- read_input(input)
  loss <- function(risk) -(table$outcome * log(risk) + (1 - table$outcome) * log1p(-risk))
  gain <- lm(loss(table$old) - loss(table$new) ~ 1)
  put(paste0(input, ".log_loss_difference"), coef(gain))
  put(paste0(input, ".log_loss_difference.cluster_se"),
      sqrt(vcovCL(gain, cluster = table$patient, type = "HC0", cadjust = FALSE)[1, 1]))
  square <- lm((table$outcome - table$old)^2 - (table$outcome - table$new)^2 ~ 1)
  put(paste0(input, ".brier_score_difference"), coef(square))
  put(paste0(input, ".brier_score_difference.cluster_se"),
      sqrt(vcovCL(square, cluster = table$patient, type = "HC0", cadjust = FALSE)[1, 1]))
  for (column in c("old", "new")) {
    data <- data.frame(who = table$patient, number = as.integer(factor(table$patient)),
                       risk = table[[column]], y = table$outcome)
    if (input == "clustered") {
      relation(paste0(input, ".", column), data)
      describe(paste0(input, ".", column), data)
    }
  }
}
for (statistic in c(0.5, 3.841459, 25, 300)) for (df in 1:2)
  put(sprintf("chi_square_tail.%g.%d", statistic, df), pchisq(statistic, df, lower.tail = FALSE))
write_values("glm", c("sandwich", "lmtest", "geepack"), c("patients", "clustered", "paired"), values)
