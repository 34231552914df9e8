# The commands of this repository. `make demo` and `make test` need nothing but python3 (3.11 or later) with venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUN_STAMP := $(VENV)/.installed-run

.DEFAULT_GOAL := help
.PHONY: help demo test soak check lint format bench browser dovecot clean

help:  ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "syndicate needs Python 3.11 or later; '$(PYTHON)' is older, or not there." ; \
	    echo "Install one, or name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This python3 has no venv. On Debian or Ubuntu: sudo apt install python3-venv"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): $(BIN)/pip pyproject.toml constraints.txt
	@echo "installing syndicate into $(VENV) (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(STAMP): $(BIN)/pip pyproject.toml constraints.txt
	@echo "installing syndicate and what its tests need into $(VENV) (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(RUN_STAMP)

demo: $(RUN_STAMP)  ## run the main job on the sample: import readers, read the feed, publish
	$(BIN)/syndicate subscribers import syndicate/sample/readers.csv --list readers
	$(BIN)/syndicate run --once

test: $(STAMP) browser dovecot  ## all but the long journeys: pure tests, contracts on SQLite and PostgreSQL, journeys, browser
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadgroup -m 'not soak'

soak: $(STAMP)  ## the long journeys: workers that fall, every misbehaviour of a relay on PostgreSQL too
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadgroup -m soak

check: $(STAMP) lint  ## fast: format, lint, types, pure tests
	@$(BIN)/python -m pytest -q -x -n 2 -m 'not journey and not postgres and not browser and not live and not dovecot and not slow and not soak'

lint: $(STAMP)  ## format, lint, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(STAMP)  ## write the format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP)  ## measure, each figure beside its limit
	@$(BIN)/python benchmarks/run.py $(BENCH)

browser: $(STAMP)  ## find or install a chromium for the browser tests
	@$(BIN)/python tests/browser/setup.py

dovecot: $(STAMP)  ## find or install a Dovecot for the tests of the return mailbox
	@$(BIN)/python tests/mailbox/setup.py

clean:  ## remove what was made here
	rm -rf $(VENV) out cache syndicate.db* syndicate.key .bench
