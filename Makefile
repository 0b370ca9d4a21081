# Two commands: "make demo" shows the main job, "make test" runs the tests. Both set up what they need.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PINS   := -c .ci/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean

help: ## Show these commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.demo ## Run the bots against the simulator with scripted customers
	$(BIN)/chatbot demo

test: $(VENV)/.test ## Run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.lint ## Run the gates
	.ci/gates $(BIN)

bench: $(VENV)/.test ## Measure the cost of an event
	$(BIN)/python -m tests.bench.dispatch

clean: ## Remove what these commands made
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is older. Try: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/install-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml .ci/constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PINS) -e .
	@touch $@

$(VENV)/.test: pyproject.toml .ci/constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PINS) -e '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.lint: pyproject.toml .ci/constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PINS) -e '.[lint]'
	@touch $@ $(VENV)/.test $(VENV)/.demo
