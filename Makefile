# The workspace's commands. Everything works in a fresh clone, as an ordinary user.
SHELL := /bin/bash
BIN := .venv/bin
ifndef SAMSTAD_REFERENCE
ifneq ($(wildcard ../shared/reference/.),)
export SAMSTAD_REFERENCE := $(abspath ../shared/reference)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format contracts test-isolated soak bench docs reference pins sbom interop clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | \
	  while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

setup: ## make .venv with everything in it (quick when there is nothing to do)
	@scripts/setup.sh

demo: setup ## start a node with live data and say where to look; Ctrl-C ends it
	@exec $(BIN)/samstad demo

test: setup lint interop ## all checks, then all tests
	@$(BIN)/pytest

lint: setup ## format, lint, types, import contracts
	@$(BIN)/ruff format --check --quiet . || { echo "lint: run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict --no-error-summary packages/*/src scripts
	@$(BIN)/python scripts/rooms.py --check
	@$(BIN)/lint-imports --no-cache >.venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }

format: setup ## format and mend what can be mended without thought
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

contracts: setup ## write .importlinter from the table of rooms
	@$(BIN)/python scripts/rooms.py

test-isolated: setup ## each package's tests in an environment with only what the package declares
	@$(BIN)/python scripts/isolated.py

soak: setup test-isolated ## long kill and fault runs
	@$(BIN)/pytest -m soak --timeout=1100

bench: setup ## the benchmark suite; writes a table
	@$(BIN)/python benchmarks/run.py

docs: setup ## build the documentation into site/, warnings are errors
	@$(BIN)/zensical build --clean --strict

reference: setup ## write docs/reference/{settings,cli,rsmp-cli,rsmp-sxl}.md from the code
	@$(BIN)/python scripts/reference.py

pins: setup ## resolve requirements/*.txt again (UPGRADE=1: newest of everything)
	@$(BIN)/python scripts/pin.py $(if $(UPGRADE),--upgrade)

sbom: setup ## write sbom.json (CycloneDX) for what is pinned
	@$(BIN)/python scripts/sbom.py

interop: setup ## a foreign NGSI-LD client in an environment of its own (.venv-interop)
	@scripts/interop.sh

clean: ## remove everything that the targets above made
	@rm -rf .venv .venv-interop site build dist sbom.json demo-data .cache \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
