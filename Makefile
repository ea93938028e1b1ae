# Every target sets up what it needs by itself: a .venv with the locked requirements, nothing global.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PARTS := libs/contracts libs/schedules libs/prompts libs/planning libs/vault libs/outbound libs/policies libs/choosing libs/runtime services/scheduler services/dispatcher services/history services/gateway cli
PYTHONS := libs services cli tests bench demo examples

.PHONY: demo up test check format lock bench clean

demo: $(VENV)/ready
	$(BIN)/python -m demo

up: $(VENV)/ready
	$(BIN)/lamp up

test: $(VENV)/ready
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/ready
	$(BIN)/ruff format --check $(PYTHONS)
	$(BIN)/ruff check $(PYTHONS)
	$(BIN)/lint-imports
	$(BIN)/mypy $(addprefix -p lamplighter_,contracts schedules prompts planning vault outbound policies choosing runtime scheduler dispatcher history gateway cli)
	$(BIN)/mypy tests bench demo

format: $(VENV)/ready
	$(BIN)/ruff format $(PYTHONS)
	$(BIN)/ruff check --fix $(PYTHONS)

bench: $(VENV)/ready
	$(BIN)/python -m bench $(ONLY)

# The exported lists (everything, and what an image needs) have hashes and no address of a registry; uv.lock has addresses and stays out of the repository.
lock:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/pip install --quiet uv
	$(VENV)/lock/bin/uv lock --quiet
	$(VENV)/lock/bin/uv export --quiet --all-packages --no-emit-workspace --no-header --output-file requirements.lock
	$(VENV)/lock/bin/uv export --quiet --all-packages --no-emit-workspace --no-header --no-default-groups --group build \
		--output-file requirements-services.lock

$(VENV)/ready: requirements.lock $(addsuffix /pyproject.toml,$(PARTS))
	$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Lamplighter needs Python 3.11 to 3.13; set PYTHON=python3.12, say")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ,$(PARTS))
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench/latest.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
