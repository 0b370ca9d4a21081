# Two commands: "make demo" shows the main job, "make test" runs the tests. Both set up what they need.
# "make soak" takes hours; its parts can be run alone.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PINS   := -c .ci/constraints.txt
JOBS   ?= $(shell getconf _NPROCESSORS_ONLN)
# killed bots leave coroutines that never ran, and Python would warn of each
SIM    := $(BIN)/python -W ignore -m tests.simulation --jobs $(JOBS)
# one worker more than cores, for some tests wait; one that has nothing left takes over tests of another
PYTEST := $(BIN)/python -m pytest -n $(shell expr $(JOBS) + 1) --dist worksteal
# compiling the code anew in each process of the tests takes a quarter of their time
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-browser test-interop lint docs reference bench soak soak-seeds soak-crashes soak-chaos \
  soak-days clean

help: ## Show these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.demo ## Run the bots against the simulator with scripted customers
	$(BIN)/chatbot demo

test: $(VENV)/.test ## Run the tests, within a minute
	$(PYTEST) -m 'not interop and not long'

test-long: $(VENV)/.test ## Run the tests that take longer
	$(PYTEST) -m 'long and not interop and not browser'

test-browser: $(VENV)/.test ## Run the tests of the console in Chromium; pictures go to build/screenshots
	$(PYTEST) -m browser

test-interop: $(VENV)/.test ## Run the tests against foreign CometD servers and clients (needs node and npm)
	tests/interop/setup
	$(PYTEST) -m interop

lint: $(VENV)/.lint ## Run the gates
	.ci/gates $(BIN)

docs: $(VENV)/.docs ## Build the documents into docs/build
	$(BIN)/sphinx-build -q -W --keep-going -b html -d docs/build/doctrees docs docs/build/html
	@echo "docs/build/html/index.html"

reference: $(VENV)/.docs ## Write anew what is generated in the documents
	$(BIN)/python -m docs.generator

bench: $(VENV)/.test ## Measure the cost of an event, of the journal, of a reply with and without it, of idle bots and /metrics
	$(BIN)/python -m tests.bench.dispatch
	$(BIN)/python -m tests.bench.journal
	$(BIN)/python -m tests.bench.reply
	$(BIN)/python -m tests.bench.idle
	$(BIN)/python -m tests.bench.metrics

soak: soak-seeds soak-crashes soak-days soak-chaos ## Run the simulation and the chaos at length

soak-seeds: $(VENV)/.test ## Of these: 20,000 random runs in virtual time
	$(SIM) --seeds 20000

soak-crashes: $(VENV)/.test ## Of these: a kill at every point of ten scenarios
	$(SIM) --crash-points

soak-days: $(VENV)/.test ## Of these: 30 virtual days in which nothing may grow
	$(SIM) --days 30

soak-chaos: $(VENV)/.test ## Of these: 10,000 conversations with real processes and 100 kills
	$(BIN)/python -m tests.chaos --conversations 10000 --kills 100 --stops 30 --pauses 30 --server-restarts 20

clean: ## Remove what these commands made
	rm -rf $(VENV) build docs/build .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage

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

$(VENV)/.docs: pyproject.toml .ci/constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PINS) -e '.[docs]'
	@touch $@ $(VENV)/.demo
