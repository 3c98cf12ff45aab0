# Every target sets up what it needs first: a virtual environment in .venv with the pinned
# packages of constraints.txt, and the embedded model's weights in the user's cache.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= out/quickstart

.PHONY: help demo test lint bench clean

help:
	@echo "make demo   mine a preference dataset from the sample conversations (about 5 minutes)"
	@echo "make test   run all tests"
	@echo "make lint   check style and types"
	@echo "make bench  measure speed against the floor of the hardware"

$(READY): pyproject.toml constraints.txt
	@echo "==> virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@echo "==> installing packages (torch alone is some gigabytes; about a minute on a fast line)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[models,dev]'
	@$(BIN)/curate models fetch
	@touch $@

demo: $(READY)
	@echo "==> mining the sample conversations with the embedded model (2 to 5 minutes on 2 cores)"
	@$(BIN)/curate run pipelines/recipes/quickstart.yaml --output $(OUT)
	@$(BIN)/curate inspect $(OUT) --pairs 2
	@echo "The dataset is in $(OUT): datasets.load_dataset(\"$(OUT)\")"

test: $(READY)
	@echo "==> tests (up to 10 minutes; the embedded model is used for real)"
	@$(BIN)/python -m pytest

lint: $(READY)
	@echo "==> ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> mypy"
	@$(BIN)/mypy

bench: $(READY)
	@echo "==> ingest against the floor of parsing JSON"
	@$(BIN)/python benchmarks/ingest.py

clean:
	rm -rf $(VENV) build out *.egg-info
