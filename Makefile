# Two commands matter: `make run` starts the dashboard, `make test` checks everything.
# While working, `make test-fast` is enough.

PORT ?= 8501
HOST = localhost
PYTEST_ARGS =
WORKERS = 2

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test pytest test-fast lint js coverage fuzz hooks demo clean

help:
	@echo "make run    start the dashboard: http://localhost:$(PORT)   (PORT=8502, HOST=0.0.0.0 to open it to the network)"
	@echo "make test   install what the tests need, then lint, types and all tests   (PYTEST_ARGS='-k name', WORKERS=4)"
	@echo "make test-fast   the tests without browser, training and what takes over half a second"
	@echo "make lint   ruff and mypy; with npm, eslint and the tests of the browser code too"
	@echo "make coverage   all tests, and which lines they run (longer than make test)"
	@echo "make fuzz   2,000 broken files for every reader (CASES=20000, SEED=7)"
	@echo "make hooks  have ruff and mypy run before every commit"
	@echo "make demo   write a generated dataset into the workspace"
	@echo "make clean  remove caches; the environment and the workspace stay"

run: $(VENV)/.run-ready
	@$(PY) -m streamlit run app.py --server.port $(PORT) --server.address $(HOST)

# Where nothing compiled is kept, each of hundreds of child processes compiles all that it imports.
test pytest test-fast coverage: export PYTHONDONTWRITEBYTECODE =

test: lint
	@$(MAKE) --no-print-directory pytest

# All tests, without lint: .ci/run does both at once.
pytest: $(VENV)/.test-ready
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-fast: $(VENV)/.test-ready
	$(PY) -m pytest -n $(WORKERS) --dist worksteal -m "not browser and not training and not slow" $(PYTEST_ARGS)

lint: $(VENV)/.test-ready js
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

# The floor stands in pyproject.toml (fail_under).
coverage: $(VENV)/.test-ready
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

# Long: CASES=20000 SEED=7; cases that fail are kept in workspace/fuzz.
CASES ?= 2000
SEED ?= 1
fuzz: $(VENV)/.test-ready
	$(PY) -m tests.fuzz --cases $(CASES) --seed $(SEED)

hooks: $(VENV)/.test-ready
	$(PY) -m pre_commit install

# The bundle is committed, so only who changes the browser code needs npm.
js:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.ready && npm run --silent all; \
	else echo "JavaScript checks skipped: there is no npm (on Debian or Ubuntu: sudo apt install npm)"; fi

node_modules/.ready: package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

demo: $(VENV)/.run-ready
	$(PY) -m core demo "$${DSI_WORKSPACE:-workspace}/datasets/demo"

clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .coverage .coverage.* tests/e2e/shots
	find . \( -path ./$(VENV) -o -path ./workspace -o -path ./.git \) -prune -o -name __pycache__ -type d -exec rm -rf {} +

$(VENV)/.run-ready: requirements.txt | $(PY)
	@echo "Installing what the dashboard needs, once: about 3.5 GB on disk, some minutes on a fast line."
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/.test-ready: requirements-dev.txt requirements.txt | $(PY)
	@echo "Installing what the tests need, once: about 3.5 GB on disk, some minutes on a fast line."
	@$(PIP) install -r requirements-dev.txt
	@touch $@

# TensorFlow 2.21 has wheels up to Python 3.13; 3.11 is the oldest this code runs on.
$(PY):
	@for python in python3 python3.13 python3.12 python3.11; do \
		$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
		echo "Creating $(VENV) with $$($$python --version)"; \
		$$python -m venv $(VENV) && exit 0; \
		rm -rf $(VENV); \
		echo "error: $$python cannot create a virtual environment: on Debian or Ubuntu, sudo apt install python3-venv" >&2; \
		exit 1; \
	done; \
	echo "error: no Python 3.11, 3.12 or 3.13 found: install one (Debian, Ubuntu: sudo apt install python3 python3-venv)" >&2; \
	exit 1
