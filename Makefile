# The four commands of campaigner: run, test, check, bench. `make help` explains them.

PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
JOBS ?= 2
BIN := $(VENV)/bin
CAMPAIGNER := $(abspath $(BIN))/campaigner

.PHONY: help run test check bench screenshots reference format lock clean

help:
	@echo "make run    install, make a sample workspace in $(DEMO)/, and publish it to a sandbox"
	@echo "make test   install, and run every test"
	@echo "make check  format, lint, types, imports, translations"
	@echo "make bench  measure the budgets"
	@echo "make reference  write docs/commands.md out of the commands' own help"
	@echo "make screenshots  take the pictures of the documents anew (needs Chromium)"

# What one needs to run it, and the means to install it from here: every version pinned by hash.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "campaigner needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/.installed
	@$(CAMPAIGNER) init --if-missing $(DEMO)
	@$(CAMPAIGNER) db upgrade --workspace $(DEMO)
	@echo "Queueing the two sample campaigns as demo-author:"
	@$(CAMPAIGNER) queue $(DEMO)/campaigns/dns-security-awareness.yaml --start now --as demo-author --workspace $(DEMO) | tail -n 3
	@$(CAMPAIGNER) queue $(DEMO)/campaigns/pdp-digest.yaml --start now --as demo-author --workspace $(DEMO) | tail -n 3
	@echo "Approving both as demo-approver. A real team has a person do that:"
	@$(CAMPAIGNER) approve dns-security-awareness --as demo-approver --workspace $(DEMO) | tail -n 1
	@$(CAMPAIGNER) approve pdp-digest --as demo-approver --workspace $(DEMO) | tail -n 1
	@exec $(CAMPAIGNER) run --sandbox --workspace $(DEMO)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(JOBS) $(TESTS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(CAMPAIGNER) check --workspace .
	$(CAMPAIGNER) translate status --check --processes campaigns/data/pdps.yaml --workspace .

bench: $(VENV)/.installed-dev
	@for name in $$(ls benchmarks/*.py | xargs -n 1 basename | sed 's/\.py$$//' | grep -v -e __init__ -e report -e workspace); do \
		$(BIN)/python -m benchmarks.$$name || exit 1; done

screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m tests.real.screenshots

# What the commands say of themselves, as a page.
reference: $(VENV)/.installed-dev
	$(BIN)/python -m tests.reference

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lock files name versions and hashes, never where to get them.
lock: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info
