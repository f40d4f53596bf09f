# Every target sets up what it needs: only python3 (3.11+), pip and make are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-installed
TEST := $(VENV)/.test-installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock clean

help: ## show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# --no-deps because pip 23 refuses extras in hash mode; the lock is complete by construction.
$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes --no-deps -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST): requirements-test.lock $(RUN)
	$(PIP) --require-hashes --no-deps -r requirements-test.lock
	@touch $@

demo: $(RUN) ## ingest the synthetic clinic network and publish its marts
	$(BIN)/followthrough run --data data

test: $(TEST) ## the whole suite
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(TEST) ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(TEST) ## ratios against the bare-DuckDB floor (SESSIONS="1000000 10000000")
	$(BIN)/python -m benchmarks.bench $(SESSIONS)

lock: ## resolve the two locks again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --group build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --group build --group test -c requirements.lock pyproject.toml -o requirements-test.lock

clean: ## remove what was built (never data/raw)
	rm -rf $(VENV) data/warehouse .mypy_cache .ruff_cache .pytest_cache
