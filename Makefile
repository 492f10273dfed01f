# make serve and make test set everything up themselves, on a machine that has only Python and (for the page) the network.
.PHONY: venv page serve test check bench soak
.DELETE_ON_ERROR:

# Without what python has compiled each process compiles everything anew: half a second of each start, and most of the suite's.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BIN = .venv/bin
# Further arguments: make serve ARGS="--listen 127.0.0.1:9000", make test ARGS=tests/actors
ARGS ?=

venv: .venv/.stamp

.venv/.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "oracle needs Python 3.11 or newer; say which: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -e '.[test,asks,bench,notebook]'
	touch $@

page: venv
	@$(BIN)/python web/page/build.py

serve: venv page
	exec $(BIN)/oracle serve --settings settings.toml $(ARGS)

# Tests wait too, so there is one more of them at a time than cores, at most four.
WORKERS ?= $(shell nproc=$$(nproc); echo $$((nproc < 3 ? nproc + 1 : 4)))

test: venv page
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: venv
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_house.py

bench: venv .venv-peers/.stamp
	$(BIN)/python -m bench $(ARGS)

# What we are measured beside has an environment of its own.
.venv-peers/.stamp: bench/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install -q --disable-pip-version-check -r bench/peers.txt
	touch $@

# The long runs of what make test samples: chaos, crash points, fuzz, cuts, bytes. One of them: make soak ARGS=tests/web/test_bytes.py
soak: venv page
	ORACLE_SOAK=1 $(BIN)/python -m pytest $(ARGS)
