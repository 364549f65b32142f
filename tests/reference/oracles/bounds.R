# O'Brien-Fleming-like spending of Lan and DeMets: the bounds of correlated looks by mvtnorm's
# deterministic integration (Miwa), one bound after the other.
source(file.path(Sys.getenv("REFERENCE"), "oracles", "write.R"))
suppressPackageStartupMessages(library(mvtnorm))

spent <- function(t, alpha) 2 * pnorm(qnorm(1 - alpha / 2) / sqrt(t), lower.tail = FALSE)
crossing <- function(limits, times) {
  correlation <- sqrt(outer(times, times, pmin) / outer(times, times, pmax))
  1 - pmvnorm(rep(-Inf, length(limits)), limits, corr = correlation, algorithm = Miwa(steps = 2048))[1]
}
bounds <- function(times, alpha) {
  found <- qnorm(spent(times[1], alpha), lower.tail = FALSE)
  for (k in seq_along(times)[-1]) {
    target <- spent(times[k], alpha)
    found <- c(found, uniroot(function(z) crossing(c(found, z), times[1:k]) - target, c(0, 8), tol = 1e-10)$root)
  }
  found
}
values <- list()
plans <- list(quarters = c(.25, .5, .75, 1), "200_300_400_500" = c(.4, .6, .8, 1), "350_500" = c(.7, 1),
              one = 1)
for (name in names(plans)) for (alpha in c(.05, .025, .0125, .00625)) {
  found <- bounds(plans[[name]], alpha)
  for (k in seq_along(found)) values[[sprintf("%s.%g.look_%d", name, alpha, k)]] <- found[k]
}
write_values("bounds", "mvtnorm", character(0), values)
