# Proportions and thresholds from stats: prop.test, binom.test, qbeta, pbinom.
source(file.path(Sys.getenv("REFERENCE"), "oracles", "write.R"))

values <- list()
put <- function(name, value) values[[name]] <<- unname(value)
for (case in list(c(5, 10), c(0, 20), c(17, 20), c(61, 66), c(250, 1000))) {
  x <- case[1]; n <- case[2]
  label <- sprintf("%d_of_%d", x, n)
  wilson <- suppressWarnings(prop.test(x, n, correct = FALSE)$conf.int)
  put(paste0("wilson.", label, ".low"), wilson[1])
  put(paste0("wilson.", label, ".high"), wilson[2])
  for (alpha in c(.05, .025, .01)) {
    put(sprintf("clopper_pearson.%s.%g.lower", label, alpha),
        binom.test(x, n, alternative = "greater", conf.level = 1 - alpha)$conf.int[1])
    put(sprintf("clopper_pearson.%s.%g.upper", label, alpha),
        binom.test(x, n, alternative = "less", conf.level = 1 - alpha)$conf.int[2])
  }
}
for (p in c(.9, .95, .975, .995, .9999)) put(sprintf("normal_quantile.%g", p), qnorm(p))

# Clopper-Pearson with the effective number of rows: sensitivity and specificity of the new risk at .3.
many <- read_input("clustered")
for (class in c(1, 0)) {
  rows <- many[many$outcome == class, ]
  right <- as.numeric((rows$new >= .3) == (class == 1))
  share <- mean(right); n <- length(right)
  of_patients <- rowsum(right - share, rows$patient)
  effect <- max(1, (sum(of_patients^2) / n^2) / (share * (1 - share) / n))
  size <- n / effect
  label <- if (class == 1) "sensitivity" else "specificity"
  put(paste0("effective.", label), share)
  put(paste0("effective.", label, ".design_effect"), effect)
  for (alpha in c(.05, .025)) {
    put(sprintf("effective.%s.%g.lower", label, alpha), qbeta(alpha, share * size, size - share * size + 1))
    put(sprintf("effective.%s.%g.upper", label, alpha), qbeta(1 - alpha, share * size + 1, size - share * size))
  }
}

# Order statistic that keeps a sensitivity: the largest k with P(Bin(n, 1 - s) <= k - 1) <= delta.
for (target in c(.9, .95)) for (n in c(28, 29, 58, 59, 100, 300, 1000)) {
  ks <- 1:n
  fits <- ks[pbinom(ks - 1, n, 1 - target) <= .05]
  put(sprintf("order_statistic.%g.%d", target, n), if (length(fits)) max(fits) else 0)
}
patients <- read_input("patients")
positives <- sort(patients$distorted[patients$outcome == 1])
k <- max(which(pbinom(seq_along(positives) - 1, length(positives), .1) <= .05))
put("sensitivity_threshold.distorted", positives[k])

# Fixed sequence for a positive predictive value above .4 and .5, strict to loose, over every distinct score with at
# least forty flagged; each by an exact binomial test at .05.
for (floor in c(.4, .5)) {
  accepted <- NA
  for (t in sort(unique(patients$distorted), decreasing = TRUE)) {
    flagged <- patients$outcome[patients$distorted >= t]
    if (length(flagged) < 40) next
    if (binom.test(sum(flagged), length(flagged), floor, alternative = "greater")$p.value > .05) break
    accepted <- t
  }
  put(sprintf("ppv_threshold.distorted.%g", floor), accepted)
}
# Holm: 1 where a hypothesis is rejected at .05 over all.
claims <- c(.001, .04, .012, .0126, .6)
for (i in seq_along(claims)) put(sprintf("holm.%d", i), as.numeric(p.adjust(claims, "holm")[i] <= .05))

# Published sizes of two-group comparisons, .85 against .75 (power.prop.test, normal approximation).
put("power.rows_per_group", power.prop.test(p1 = .85, p2 = .75, power = .8, tol = 1e-12)$n)
put("power.rows_per_group.bonferroni_ten", power.prop.test(p1 = .85, p2 = .75, power = .8, sig.level = .005, tol = 1e-12)$n)
put("power.of_66_per_group", power.prop.test(n = 66, p1 = .85, p2 = .75)$power)
write_values("intervals", "stats", c("clustered", "patients"), values)
