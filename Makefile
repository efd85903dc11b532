# Coterie 圈选: everything a person types. `make run` and `make test` need Python 3.11 or newer, and make.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3 python,$(shell command -v $(name) 2>/dev/null)))
WORKSPACE ?= $(or $(COTERIE_WORKSPACE),workspace)
PORT ?= 8501
# Two workers: the tests wait for browsers and databases as much as they compute.
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv

.PHONY: run test install bench lint check lock sample pictures clean help
.DEFAULT_GOAL := help

help: ## what there is to type
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: $(VENV)/.installed ## start the app on the sample, or on the workspace that is there
	@if [ ! -e "$(WORKSPACE)/lake/CURRENT" ]; then \
		echo "Importing sample_data into $(WORKSPACE) (once)"; \
		$(BIN)/python -m core import --workspace "$(WORKSPACE)" --plan sample_data/plan.toml; \
	fi
	@echo "Coterie 圈选: http://127.0.0.1:$(PORT)  (stop with Ctrl+C; another port: make run PORT=8502)"
	@exec $(BIN)/python -m dashboard --workspace "$(WORKSPACE)" --port $(PORT)

test: $(VENV)/.installed-dev ## every test; what could not be had is named at the end
	@.ci/system
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

install: $(VENV)/.installed ## the virtual environment with what it takes to run

lint: $(VENV)/.installed-dev ## style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check: lint ## style, types, contracts, then every test
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

bench: $(VENV)/.installed-dev $(VENV)/.installed-bench ## the comparisons with other engines, written to benchmarks/results
	@.ci/system
	$(BIN)/python -m benchmarks

sample: $(VENV)/.installed ## make the committed sample again
	$(BIN)/python -m sample_data.generate --out sample_data

pictures: $(VENV)/.installed-dev ## take the pictures of the documents anew
	@.ci/system
	$(BIN)/python .ci/pictures.py

lock: ## pin what is installed in .venv
	$(BIN)/python .ci/lock.py

clean: ## remove the virtual environment and caches, never a workspace
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "Coterie needs Python 3.11 or newer; found '$(PYTHON)'. Name another: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi
	@"$(PYTHON)" -m venv $(VENV) || { \
		rm -rf $(VENV); echo "'$(PYTHON)' cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(INSTALL) -r requirements-dev.txt
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: requirements.txt requirements-bench.txt | $(BIN)/python
	$(INSTALL) -r requirements-bench.txt
	@touch $@ $(VENV)/.installed
