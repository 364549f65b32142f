# Reading the inputs and writing one JSON of values; sourced by the other scripts.
suppressPackageStartupMessages({library(jsonlite); library(digest)})

here <- Sys.getenv("REFERENCE")
logit <- function(p) log(p) - log1p(-p)
read_input <- function(name) read.csv(file.path(here, "inputs", paste0(name, ".csv")))

write_values <- function(oracle, packages, inputs, values) {
  stopifnot(all(is.finite(unlist(values))), !anyDuplicated(names(values)))
  versions <- c(list(R = as.character(getRversion())),
                sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE))
  hashes <- sapply(inputs, function(name) digest(file.path(here, "inputs", paste0(name, ".csv")),
                                                 algo = "sha256", file = TRUE), simplify = FALSE)
  names(hashes) <- sprintf("%s.csv", inputs)
  record <- list(oracle = oracle, versions = versions, inputs = as.list(hashes),
                 values = values[order(names(values), method = "radix")])
  text <- toJSON(record, auto_unbox = TRUE, digits = I(17), pretty = 2)
  writeLines(text, file.path(here, "values", paste0(oracle, ".json")))
}
