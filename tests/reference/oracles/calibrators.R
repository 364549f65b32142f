# Calibration maps: penalised logistic regression by optim, prior-shift offset by glm, isotonic by isoreg with
# its centred interpolation, partial pooling of sites.
source(file.path(Sys.getenv("REFERENCE"), "oracles", "write.R"))

values <- list()
put <- function(name, value) values[[name]] <<- unname(value)

mode_of <- function(x, y, centre, variance) {
  # Posterior mode and inverse Hessian of (a, b) under a normal prior with a diagonal covariance.
  objective <- function(ab) {
    l <- ab[1] + ab[2] * x
    sum(pmax(l, 0) + log1p(exp(-abs(l))) - y * l) + sum((ab - centre)^2 / (2 * variance))
  }
  slope <- function(ab) {
    r <- plogis(ab[1] + ab[2] * x) - y
    c(sum(r), sum(r * x)) + (ab - centre) / variance
  }
  found <- optim(centre, objective, slope, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))$par
  for (i in 1:5) {
    w <- { p <- plogis(found[1] + found[2] * x); p * (1 - p) }
    information <- rbind(c(sum(w), sum(w * x)), c(sum(w * x), sum(w * x^2))) + diag(1 / variance)
    found <- found - solve(information, slope(found))
  }
  list(mode = found, covariance = solve(information))
}

patients <- read_input("patients"); apart <- read_input("separable"); sites <- read_input("sites")
small <- list(first_sixty = list(logit(patients$distorted[1:60]), patients$outcome[1:60]),
              separable = list(logit(apart$score), apart$outcome))
for (label in names(small)) {
  found <- mode_of(small[[label]][[1]], small[[label]][[2]], c(0, 1), c(.5, .25)^2)
  put(paste0("map.", label, ".intercept"), found$mode[1])
  put(paste0("map.", label, ".slope"), found$mode[2])
  put(paste0("map.", label, ".intercept_variance"), found$covariance[1, 1])
  put(paste0("map.", label, ".slope_variance"), found$covariance[2, 2])
  put(paste0("map.", label, ".covariance"), found$covariance[1, 2])
}

pool <- function(rounds) {
  centre <- c(0, 1); variance <- c(.5, .25)^2
  names <- unique(sites$site)
  for (round in seq_len(rounds)) {
    fits <- lapply(names, function(s) { rows <- sites[sites$site == s, ]
      mode_of(logit(rows$score), rows$outcome, centre, variance) })
    modes <- t(sapply(fits, function(f) f$mode)); spread <- t(sapply(fits, function(f) diag(f$covariance)))
    centre <- colMeans(modes)
    variance <- pmax(colMeans(spread + sweep(modes, 2, centre)^2), 1e-3)
  }
  fits <- lapply(names, function(s) { rows <- sites[sites$site == s, ]
    mode_of(logit(rows$score), rows$outcome, centre, variance) })
  for (i in seq_along(names)) {
    put(sprintf("pooled.%s.intercept", names[i]), fits[[i]]$mode[1])
    put(sprintf("pooled.%s.slope", names[i]), fits[[i]]$mode[2])
    put(sprintf("pooled.%s.slope_variance", names[i]), fits[[i]]$covariance[2, 2])
  }
  put("pooled.centre.intercept", centre[1])
  put("pooled.centre.slope", centre[2])
  put("pooled.variance.intercept", variance[1])
  put("pooled.variance.slope", variance[2])
}
pool(25)

# Beta calibration as a logistic regression on ln p and -ln(1 - p); both slopes come out positive here, so
# no column has to be dropped.
quantified <- read_input("quantification_reference")
beta_inputs <- list(patients = list(patients$distorted, patients$outcome),
                    quantification_reference = list(quantified$score, quantified$outcome))
for (label in names(beta_inputs)) {
  p <- beta_inputs[[label]][[1]]
  fit <- glm(beta_inputs[[label]][[2]] ~ log(p) + I(-log1p(-p)), family = binomial, control = glm.control(1e-15, 100))
  stopifnot(all(coef(fit)[2:3] > 0))
  put(paste0("beta.", label, ".a"), coef(fit)[2])
  put(paste0("beta.", label, ".b"), coef(fit)[3])
  put(paste0("beta.", label, ".c"), coef(fit)[1])
  for (t in c(.05, .15, .3, .5, .7))
    put(sprintf("beta.%s.at.%g", label, t), plogis(sum(coef(fit) * c(1, log(t), -log1p(-t)))))
  for (i in 1:3) for (j in 1:i) put(sprintf("beta.%s.covariance.%d%d", label, j, i), vcov(fit)[j, i])
}

order_of <- order(patients$distorted)
x <- patients$distorted[order_of]; y <- patients$outcome[order_of]
steps <- isoreg(x, y)$yf
at <- c(.05, .15, .3, .5, .7)
block <- cumsum(c(TRUE, diff(steps) != 0))
for (t in at) {
  put(sprintf("isotonic.%g", t), steps[max(which(x <= t))])
  # One point per block of equal fit: its mean log-odds and its fit; straight lines between, flat outside.
  put(sprintf("centred_isotonic.%g", t),
      approx(tapply(logit(x), block, mean), tapply(steps, block, mean), logit(t), rule = 2)$y)
}
put("isotonic.blocks", length(unique(steps)))
write_values("calibrators", "stats", c("patients", "quantification_reference", "separable", "sites"), values)
