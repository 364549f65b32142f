"""The oracles run once, outside the project, with software the tests do not need."""

collect_ignore = ["oracles"]
