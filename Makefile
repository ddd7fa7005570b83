# Every command works in a fresh clone: the environment is made first, from requirements/dev.lock (of the benchmarks,
# from requirements/bench.lock).

VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
TYPED := $(wildcard src examples tests)
UV := uv==0.13.9
# How many tests run side by side, more than there are cores, for many wait; one file's tests stay together.
JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo demo-intents test faults lint format types mutants docs bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.ready ## Serve the users example (DATABASE=postgres, PORT=... and DUOLOG_DATA=... are passed on)
	@$(BIN)/duolog demo $(if $(DATABASE),--database '$(DATABASE)')

# INTENTS_REDIS=redis://... keeps the cache in Valkey or Redis instead of in memory; PORT=... is passed on as well.
demo-intents: $(VENV)/.ready ## Serve the intents example: POST /intents {message, conversation_id, user_id}
	@$(BIN)/duolog run chat_intents.presentation.api:api

# Tests start PostgreSQL from a package; DUOLOG_TEST_POSTGRES=postgresql://... names a server to use instead.
# They start hundreds of processes, each of which would compile all of duolog again if nothing was kept.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.ready ## Run every check: tests, style, types, floors
	@$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

faults: $(VENV)/.ready ## Run the fault experiments in their long form and print their figures (SEED=... repeats)
	@mkdir -p build && rm -f build/faults.ndjson
	@status=0; DUOLOG_FAULTS=long DUOLOG_FAULTS_SEED="$(SEED)" DUOLOG_FAULTS_REPORT=build/faults.ndjson \
		$(BIN)/pytest tests/faults --timeout=3600 || status=$$?; \
		$(BIN)/python -m tests.faults.figures build/faults.ndjson; exit $$status

lint: $(VENV)/.ready ## Check style and floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

format: $(VENV)/.ready ## Rewrite the code in the house's style
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

types: $(VENV)/.ready ## Check types with mypy and pyright
	@$(BIN)/mypy $(TYPED)
	@$(BIN)/pyright --pythonpath $(BIN)/python

mutants: $(VENV)/.ready ## Show that each promise's test fails under its mutant
	@$(BIN)/python -m tests.mutants

docs: $(VENV)/.ready ## Build the documentation's site in build/site; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "build/site/index.html is written"

COMPILE := .lock-tool/bin/uv pip compile --quiet --universal --python-version 3.11 --no-config \
	--generate-hashes --no-emit-index-url --no-header --no-annotate --no-emit-package duolog $(if $(UPGRADE),--upgrade)

# ARGS="--quick", "--middle" or "--full" sets the sizes, "--only dispatch page" chooses rows.
bench: $(BENCH_VENV)/.ready ## Measure duolog beside its peers into docs/explanation/performance.md (ARGS=... passed on)
	@PYTHONPATH=. $(BENCH_VENV)/bin/python -m benchmarks --write $(ARGS)

# Without UPGRADE=1 the versions already locked are kept where they still fit.
lock: ## Write requirements/*.lock anew from pyproject.toml (UPGRADE=1 for the newest versions)
	@$(FIND_PYTHON); "$$python" -m venv .lock-tool
	@.lock-tool/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	@$(COMPILE) --all-extras --group dev --output-file requirements/dev.lock pyproject.toml
	@$(COMPILE) --group bench --output-file requirements/bench.lock pyproject.toml
	@echo "requirements/dev.lock and requirements/bench.lock are written"

clean: ## Remove the environment and every cache
	rm -rf $(VENV) $(BENCH_VENV) .venv.lock .venv-bench.lock .lock-tool build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache
	find src examples tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	@$(FIND_PYTHON); "$$python" requirements/install.py $(VENV) requirements/dev.lock

$(BENCH_VENV)/.ready: requirements/bench.lock pyproject.toml
	@$(FIND_PYTHON); "$$python" requirements/install.py $(BENCH_VENV) requirements/bench.lock

# A name may exist and still not run (a version manager's stand-in), so each candidate must answer.
define FIND_PYTHON
python=; \
for candidate in "$(PYTHON)" python3.13 python3.12 python3.11 python3; do \
	test -n "$$candidate" || continue; \
	if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		python=$$candidate; break; \
	elif test "$$candidate" = "$(PYTHON)"; then \
		echo "PYTHON=$$candidate does not run as Python 3.11 or newer with venv; looking for another" >&2; \
	fi; \
done; \
if test -z "$$python"; then \
	echo "duolog needs Python 3.11 or newer with its venv module; none of python3.13, python3.12," >&2; \
	echo "python3.11 and python3 is one. Install it (on Debian also python3-venv), or name one:" >&2; \
	echo "  make PYTHON=/path/to/python3 ..." >&2; \
	exit 1; \
fi
endef
