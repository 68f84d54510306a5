# make lab    build the environment (once) and open JupyterLab on the tour
# make test   build the environment (once) and prove that everything is right
# make help   the rest

VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SUPPORTED := python3.11 python3.12 python3.13 python3 python
IS_SUPPORTED := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# One thread a worker: the workers already fill the cores.  Bytecode is kept, whatever the environment says: a hundred
# kernels, servers and workers start in a run, and each would compile all of ntkit again.
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=loadgroup

# The comparison with neural-tangents needs an environment of its own; its docstring says how to make it.
BENCHMARKS := $(filter-out %_against_neural_tangents.py,$(wildcard benchmarks/bench_*.py))

.DEFAULT_GOAL := help
.PHONY: help setup lab demo test lint format bench page run constraints clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## build the environment in .venv; does nothing when it is up to date

# The stamp is written last, so an interrupted installation is taken up again.
$(STAMP): pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(BIN)/python -m pip install --constraint $(CONSTRAINTS) --editable '.[dev]'
	@touch $@

$(BIN)/python:
	@for candidate in $(SUPPORTED); do \
	    if $$candidate -c '$(IS_SUPPORTED)' 2>/dev/null; then \
	        echo "$$candidate -m venv $(VENV)"; exec $$candidate -m venv $(VENV); \
	    fi; \
	done; \
	echo "ntkit needs Python 3.11, 3.12 or 3.13 with the venv module; tried: $(SUPPORTED)." >&2; \
	echo "Install one (for example: apt-get install python3 python3-venv, or brew install python@3.13) and run make again." >&2; \
	exit 1

lab: $(STAMP)  ## open JupyterLab on the tour (options: ARGS='--no-browser --port 8888')
	$(BIN)/ntkit lab $(ARGS)

demo: $(STAMP)  ## serve the lab without code, for a class
	$(BIN)/ntkit demo $(ARGS)

test: $(STAMP) lint  ## every test: unit, property, reference tables, doctests, contracts, notebooks, browser (one: ARGS='-k bound')
	$(PYTEST) $(ARGS)

lint: $(STAMP)  ## check the style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)  ## bring the files into style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

run: $(STAMP)  ## rerun the notebooks and compare their numbers with the reference
	$(BIN)/ntkit run $(ARGS)

page: $(STAMP)  ## write the lab as one HTML file that needs no server
	$(BIN)/ntkit page $(ARGS)

bench: $(STAMP)  ## time the kernels and the lab against their budgets
	@for benchmark in $(BENCHMARKS); do echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

# To move to newer versions: make clean setup test constraints CONSTRAINTS=/dev/null
# A local suffix such as +cpu is dropped: which build of a version is installed is the machine's business.
constraints: $(STAMP)  ## pin the versions that are installed now in constraints.txt
	@echo '# The versions that every test passed with; written by make constraints.' > constraints.txt
	$(BIN)/python -m pip freeze --all --exclude-editable | grep -v '^pip==' | sed 's/+[a-z0-9]*$$//' >> constraints.txt

clean:  ## remove the environment, caches and what runs left behind
	rm -rf $(VENV) build dist runs test-artefacts .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
