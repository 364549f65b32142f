# `make demo` and `make test` need nothing but Python 3.11 or newer and the package index.
.DEFAULT_GOAL := help
.PHONY: help demo test test-lake browser-tools check docs simulate faults bench clean

SHELL := /bin/bash
BIN := .venv/bin
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq -c constraints.txt
WORKERS ?= 2

help:
	@echo "make demo      install, run the demonstration, say what was found"
	@echo "make test      install what tests need, run them"
	@echo "make browser-tools  npm packages of the tests in a browser (part of make test)"
	@echo "make test-lake tests of encrypted databases and of the store on several machines, in an environment of their own"
	@echo "make check     ruff, pyright, import-linter, doctests"
	@echo "make docs      write the pages that are made of the program: commands, data dictionary"
	@echo "make simulate  slow statistics, against the figures they must reach"
	@echo "make faults    kills, full disks, changed bytes, hostile files (an hour)"
	@echo "make bench     ours beside the packages of the field (up to an hour)"
	@echo "make clean     remove the virtual environment and caches"

.venv/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/made pyproject.toml constraints.txt
	@echo "Installing into .venv with $(PYTHON) (one to three minutes)"
	@$(PIP) -e .
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "Installing what tests and checks need"
	@$(PIP) -e '.[dev]'
	@touch $@

# axe-core and the Nu Html Checker, for the tests in a browser; without npm these tests say what is missing.
NODE_MODULES := tests/browser/node_modules

$(NODE_MODULES)/installed: tests/browser/package.json
	@npm install --prefix tests/browser --no-package-lock --no-audit --no-fund --ignore-scripts --silent
	@touch $@

browser-tools:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE_MODULES)/installed; \
	else echo "npm is missing: the pages are not given to axe-core and the Nu Html Checker" >&2; fi

minutes = awk -v seconds=$$(($(1))) 'BEGIN { printf "%.1f min", seconds / 60 }'

demo:
	@begun=$$(date +%s); $(MAKE) --no-print-directory .venv/installed || exit; \
	ready=$$(date +%s); $(BIN)/pccp demo || exit; over=$$(date +%s); \
	echo "install $$($(call minutes,ready - begun)), run $$($(call minutes,over - ready))"

# One worker for each of two cores; the tests of one file stay together, because they share replays.
test: .venv/installed-dev browser-tools
	@begun=$$(date +%s); $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --durations=12 || exit; \
	over=$$(date +%s); echo "tests $$($(call minutes,over - begun))"

# The extra `lake` pins another DuckDB than constraints.txt; the tests of the store run under it as well.
LAKE := .venv-lake
LAKE_TESTS := tests/unit/test_store_workspace.py tests/spec/test_ingest_files.py tests/spec/test_rebuild.py tests/spec/test_find.py

$(LAKE)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -m venv $(LAKE)
	@grep -v '^duckdb==' constraints.txt > $(LAKE)/constraints.txt
	@$(LAKE)/bin/python -m pip --disable-pip-version-check install -qq -c $(LAKE)/constraints.txt -e '.[dev,lake]'
	@touch $@

test-lake: $(LAKE)/installed
	@$(LAKE)/bin/python -m pytest -q -m lake tests/spec/test_encryption.py tests/spec/test_lake.py
	@$(LAKE)/bin/python -m pytest -q $(LAKE_TESTS)

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q --doctest-modules monitor flows

docs: .venv/installed-dev
	$(BIN)/python docs/make.py

simulate: .venv/installed-dev
	$(BIN)/python tests/simulation/run.py

faults: .venv/installed-dev
	$(BIN)/python tests/faults/run.py kill
	$(BIN)/python tests/faults/run.py full-disk --hits 80
	$(BIN)/python tests/faults/flips.py
	$(BIN)/python tests/properties/fuzz.py --files 10000

bench: .venv/installed-dev
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf .venv $(LAKE) $(NODE_MODULES) build *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
