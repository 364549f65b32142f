# Areas under the ROC curve with DeLong's variance (pROC), and Obuchowski's clustered one written out
# pair by pair from the paper, since no packaged version is to be had.
source(file.path(Sys.getenv("REFERENCE"), "oracles", "write.R"))
suppressPackageStartupMessages(library(pROC))

values <- list()
put <- function(name, value) values[[name]] <<- unname(as.numeric(value))
area <- function(outcome, score) roc(outcome, score, direction = "<", levels = c(0, 1), quiet = TRUE)

limits <- function(label, auc, se, quantiles) {
  for (name in names(quantiles)) {
    half <- quantiles[[name]] * se / (auc * (1 - auc))
    put(paste0(label, ".", name, "_low"), plogis(logit(auc) - half))
    put(paste0(label, ".", name, "_high"), plogis(logit(auc) + half))
  }
}

patients <- read_input("patients")
coarse <- read_input("tied")
cases <- list(calibrated = patients[c("calibrated", "outcome")], rival = patients[c("rival", "outcome")],
              tied = coarse[c("score", "outcome")])
for (label in names(cases)) {
  curve <- area(cases[[label]]$outcome, cases[[label]][[1]])
  se <- sqrt(var(curve, method = "delong"))
  put(paste0(label, ".auc"), curve$auc)
  put(paste0(label, ".delong_se"), se)
  events <- min(table(cases[[label]]$outcome))
  limits(label, as.numeric(curve$auc), se, list(logit = qnorm(.975), logit_t = qt(.975, events - 1)))
}
test <- roc.test(area(patients$outcome, patients$calibrated), area(patients$outcome, patients$rival),
                 method = "delong", paired = TRUE)
put("paired.z", test$statistic)
put("paired.difference", test$estimate[1] - test$estimate[2])

obuchowski <- function(score, outcome, who) {
  x <- score[outcome == 1]; y <- score[outcome == 0]
  kernel <- outer(x, y, ">") + 0.5 * outer(x, y, "==")
  auc <- mean(kernel)
  of_x <- rowMeans(kernel) - auc; of_y <- colMeans(kernel) - auc
  people <- unique(who)
  sx <- sapply(people, function(p) sum(of_x[who[outcome == 1] == p]))
  sy <- sapply(people, function(p) sum(of_y[who[outcome == 0] == p]))
  i10 <- length(unique(who[outcome == 1])); i01 <- length(unique(who[outcome == 0])); i <- length(people)
  m <- length(x); n <- length(y)
  s10 <- i10 / ((i10 - 1) * m) * sum(sx^2)
  s01 <- i01 / ((i01 - 1) * n) * sum(sy^2)
  s11 <- i / (i - 1) * sum(sx * sy)
  c(auc, sqrt(s10 / m + s01 / n + 2 * s11 / (m * n)))
}
many <- read_input("clustered")
for (label in c("old", "new")) {
  found <- obuchowski(many[[label]], many$outcome, many$patient)
  put(paste0("clustered.", label, ".auc"), found[1])
  put(paste0("clustered.", label, ".obuchowski_se"), found[2])
  limits(paste0("clustered.", label), found[1], found[2],
         list(logit = qnorm(.975), logit_t = qt(.975, min(table(many$outcome)) - 1)))
}
curve <- area(patients$outcome, patients$distorted)
at <- coords(curve, x = 0.3, input = "threshold", ret = c("sensitivity", "specificity", "ppv", "npv"), transpose = TRUE)
for (name in names(at)) put(paste0("distorted_at_.3.", name), at[[name]])
write_values("pROC", "pROC", c("patients", "clustered", "tied"), values)
