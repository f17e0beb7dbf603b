# Everything works from a fresh clone: each target sets up what it needs and skips what is up to date.

PYTHON ?= python3
# Arguments for `bench run` or `bench mutants`, for example: make bench ARGS="--seed 7 masking"
ARGS ?=

SETUP := $(PYTHON) -m tools.bootstrap
BIN := build/venv/bin

# The targets work in one tree and run parallel builds themselves.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help bench test lint format firmware perf mutants renode doctor docs lock wheel package clean distclean python

help: ## List the targets
	@echo "make bench and make test are all you need; the rest is for developers."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make bench ARGS=\"...\"  hands arguments to \`bench run\`; $(BIN)/bench --help lists all commands"
	@echo "  PYTHON=/path/to/python3  names another Python (3.11 or newer)"

bench: python ## Set up, boot the board, run the Robot suites, write the reports
	@$(SETUP) setup run
	@$(BIN)/bench run $(ARGS)

test: python ## Set up, then every check: linters, types, all tests, the Robot suites
	@$(SETUP) test

lint: python ## Linters and types only
	@$(SETUP) lint

format: python ## Format the Python code and the Robot suites
	@$(SETUP) setup lint
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/robocop format bench/robot

firmware: python ## Build the firmware and show how much of the board it takes
	@$(SETUP) setup firmware
	@$(BIN)/bench firmware

perf: python ## Measure speed and memory
	@$(SETUP) setup run
	@$(BIN)/bench perf

mutants: python ## Break the firmware in every way we know of, and see whether the tests catch it
	@$(SETUP) setup test
	@$(BIN)/bench mutants $(ARGS)

renode: python ## Say how to get Renode, the second engine, and check the one that is there
	@$(SETUP) setup run
	@$(BIN)/bench renode

doctor: python ## What is there, what is missing, how to get it
	@if [ -x $(BIN)/bench ]; then $(BIN)/bench doctor; \
	else echo "nothing is set up yet: run 'make bench' (it installs what is missing)"; exit 1; fi

docs: python ## Build the documentation into build/docs/html, and check all links in it
	@$(SETUP) setup docs
	@$(BIN)/python -m tools.docs

lock: python ## Resolve the dependencies anew and write requirements.lock
	@$(SETUP) lock

wheel: python ## Build sdist and wheels, the built firmware in them, into dist/
	@$(SETUP) setup run
	@$(BIN)/python -m tools.packaging build

package: python ## The same, and try the wheel in a clean environment outside of the checkout
	@$(SETUP) setup run
	@$(BIN)/python -m tools.packaging try

clean: python ## Remove what was built (environment and fetched sources stay)
	@$(SETUP) clean

distclean: python ## Back to a fresh clone: remove build/ and reports/ as well
	@$(SETUP) clean --all

python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	echo "error: there is no $(PYTHON) on this machine" >&2; \
	echo "  what to do: install Python 3.11 or newer (Debian: apt-get install python3), or name one with PYTHON=" >&2; \
	exit 1; }
