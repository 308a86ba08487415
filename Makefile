# Every target sets up what it needs. PYTHON picks the interpreter of the venv: make test PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .peers
DEMO := runs/quickstart

.PHONY: help demo test check bench clean

help:
	@echo "make demo    train with and without verified self-play, then open $(DEMO)/report.html"
	@echo "make test    all tests"
	@echo "make check   lint, types, layers"
	@echo "make bench   benchmarks"
	@echo "make clean   remove the venv and caches; runs/ stays"

$(VENV)/.stamp: pyproject.toml constraints.txt
	@echo "== setting up $(VENV) (about 1.3 GB, once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "selfplay needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.stamp
	@echo "== running configs/quickstart.yaml into $(DEMO): finished runs are kept, Ctrl-C and the same command go on"
	$(BIN)/selfplay study --config configs/quickstart.yaml --out $(DEMO)

test: $(VENV)/.stamp
	@echo "== all tests"
	$(BIN)/python -m pytest -m "not gpu" -n 2 --dist worksteal

check: $(VENV)/.stamp
	@echo "== lint, types, layers"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(PEERS)/.stamp: $(VENV)/.stamp benchmarks/peers.txt
	@echo "== installing the peers of the benchmarks into $(PEERS)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(PEERS) -r benchmarks/peers.txt
	@touch $@

bench: $(PEERS)/.stamp
	@echo "== benchmarks: ratios against named peers in the same run; the engine's, which come first, take longest"
	@for script in startup memory training sampling scoring round verifying executing; do \
		echo "-- $$script"; PYTHONPATH=$(PEERS) $(BIN)/python benchmarks/$$script.py || exit 1; done
	@echo "-- 10,000 programs, 1,000 of them hostile: what is left behind"
	$(BIN)/python benchmarks/executing.py --soak 10000
	@echo "-- 100,000 look-alikes against an independent reference"
	$(BIN)/python benchmarks/lookalikes.py --n 100000
	@echo "-- tasks sampled, parsed and identified per second, by family"
	$(BIN)/python benchmarks/tasks.py
	@echo "-- planted laws: how well they are recovered"
	$(BIN)/python benchmarks/fitting.py
	@echo "-- the verdict on simulated studies"
	$(BIN)/python benchmarks/verdict_operating.py

clean:
	rm -rf $(VENV) $(PEERS) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
