# Python ≥ 3.11 and make are enough. PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run test quick quick-tests faults check install lock manifest bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## The whole service with a demo history on http://127.0.0.1:8000; PORT=8001 for another port
	@exec $(BIN)/tenure run --demo $(if $(strip $(PORT)),--port '$(strip $(PORT))')

install: $(STAMP) ## Virtual environment in .venv, pinned dependencies

# Reinstalled only when what is installed changes.
$(STAMP): setup.cfg pyproject.toml constraints.txt | $(BIN)/pip
	@echo "make: installing the pinned dependencies into $(VENV); the first time takes a minute or two"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint constraints.txt
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is missing or older than 3.11; install Python 3.11 or name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) cannot make a virtual environment (no ensurepip); on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

test: check $(VENV)/localstripe ## Everything: lint, types, import arrows, tests
	$(BIN)/pytest -n 2 --dist worksteal

quick: install ## Lint, types, import arrows, and the tests that need no server: within a minute
	@$(MAKE) --no-print-directory --jobs 2 --output-sync check quick-tests

quick-tests: install
	$(BIN)/pytest --quick -q -n 2 --durations 0 --durations-min 5

# localstripe, a simulated Stripe that some tests start; without it they are skipped.
$(VENV)/localstripe: tests/localstripe.txt | install
	@rm -rf $@ && $(PYTHON) -m venv $@ && \
	  $@/bin/python -m pip install --quiet --disable-pip-version-check --requirement $< || \
	  { rm -rf $@; echo "make: no localstripe; its tests will skip"; }

faults: install ## Every fault under load, several times over, into docs/reliability.md
	$(BIN)/python -m tests.faults --write

check: install ## Lint, types and import arrows only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports

manifest: install ## Write migrations/MANIFEST.sha256 after a change to a migration
	$(BIN)/python -m database.manifest

bench: install ## Benchmarks, on a throwaway database
	$(BIN)/python -m bench

lock: ## Newest versions that setup.cfg allows, into constraints.txt
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[dev]'
	{ echo '# Every package of a development install, pinned; made by `make lock`.'; \
	  build/lock/bin/python -m pip freeze --exclude-editable; } > constraints.txt
	rm -rf build/lock

clean: ## Remove what make made, but never the data in .tenure
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
