# Power of the criteria at a candidate that is exactly right, from their definitions: pnorm, uniroot, integrate,
# and every Clopper-Pearson limit by qbeta.
source(file.path(Sys.getenv("REFERENCE"), "oracles", "write.R"))

values <- list()
put <- function(name, value) values[[name]] <<- unname(value)
z <- qnorm(.95)
inside <- function(events, limit, variance) {
  # P(estimate - z se > -limit and estimate + z se < limit), the estimate normal around zero
  se <- sqrt(variance / events)
  max(0, pnorm(log(limit) - z * se, 0, se) - pnorm(-log(limit) + z * se, 0, se))
}
for (events in c(100, 200, 300)) put(sprintf("ratio.1.25.%d", events), inside(events, 1.25, .95))
for (limit in c(1.25, 1.2, 1.1))
  put(sprintf("ratio.%g.events", limit),
      round(uniroot(function(n) inside(n, limit, .95) - .8, c(20, 1e5), tol = 1e-9)$root))

first <- function(truth, floor) {
  for (n in 1:2000) {
    lower <- c(0, qbeta(.05, 1:n, n:1))
    if (!any(lower > floor)) next
    x <- min(which(lower > floor)) - 1
    if (pbinom(x - 1, n, truth, lower.tail = FALSE) >= .8) return(n)
  }
}
for (pair in list(c(.9, .85), c(.9, .8), c(.95, .9)))
  put(sprintf("floor.%g.%g", pair[1], pair[2]), first(pair[1], pair[2]))

for (auc in c(.75, .85)) for (prevalence in c(.05, .3)) {
  d <- sqrt(2) * qnorm(auc)
  centre <- logit(prevalence)
  density <- function(l) prevalence * dnorm(l, centre + d^2 / 2, d) + (1 - prevalence) * dnorm(l, centre - d^2 / 2, d)
  moment <- function(k) integrate(function(l) density(l) * plogis(l) * plogis(-l) * l^k, centre - 12 * d, centre + 12 * d,
                                  rel.tol = 1e-12, subdivisions = 2000)$value
  label <- sprintf("%g.%g", auc, prevalence)
  put(paste0("slope_variance.", label), moment(0) / (moment(0) * moment(2) - moment(1)^2) * prevalence)
  second <- integrate(function(u) dnorm(u) * pnorm(d + u)^2, -12, 12, rel.tol = 1e-12, subdivisions = 2000)$value
  put(paste0("area_variance.", label),
      (second - auc^2) * (1 + prevalence / (1 - prevalence)) / (auc * (1 - auc))^2)
}
write_values("power", "stats", character(0), values)
