.PHONY: venv page serve test check bench soak
PYTHON ?= python3
BIN = .venv/bin

venv: .venv/.stamp
.venv/.stamp: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[test,asks,bench]'
	touch $@
