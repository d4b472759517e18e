# The commands of a fresh checkout. `make up` runs Soundstage, `make test` proves it; both set everything up first.
# Another Python: make PYTHON=/path/to/python3 up

SHELL := /bin/sh
BIN := .venv/bin
ROOMS := soundstage proxy dashboard sinks ledger policies
export PYTHON

.PHONY: up test fuzz demo bench check style types rules containers host assets run-ready dev-ready locks help

help:
	@echo "make up     start Soundstage here, until Ctrl-C"
	@echo "make demo   start it and play a small staging shop through it"
	@echo "make test   the whole test suite"
	@echo "make fuzz   the tests of properties, with 20 times as many examples, drawn anew each time"
	@echo "make check  style, types, layers, dependencies, spelling, the house rules"
	@echo "make bench  the benchmarks, as a table"
	@echo "make containers  docker-compose.yml with an engine of its own, and every way out of it tried; as root"
	@echo "make host   the units for a host, booted with systemd in a namespace; as root"

up: run-ready assets
	@exec $(BIN)/soundstage up

demo: dev-ready assets
	@exec $(BIN)/python -m demo

bench: dev-ready
	@exec $(BIN)/python -m bench

# Tests may write bytecode whatever the environment says: compiling them is most of what collecting them costs.
test: dev-ready assets
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

# A test may take 20 times as long.
fuzz: dev-ready assets
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --timeout 2400 --hypothesis-profile fuzz -m hypothesis

# Three parts, which `make -j2 check` has at work beside each other.
check: style types rules

style: dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: dev-ready
	$(BIN)/mypy $(ROOMS) tests demo bench
	$(BIN)/mypy --config-file client/pyproject.toml client/src

rules: dev-ready
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/pytest -q tests/test_project_*.py

# Some minutes, and root: not part of `make test`.
containers: dev-ready assets
	@deploy/compose/try
	@deploy/container/try

# Two minutes and more, and root: not part of `make test`.
host: dev-ready assets
	@deploy/host/try

assets:
	@$(BIN)/python -m dashboard.build_assets

run-ready:
	@sh deploy/prepare run

dev-ready:
	@sh deploy/prepare dev

# Needs uv; the locks name no host, so that they work with whatever index pip is set up for.
locks:
	uv pip compile pyproject.toml --universal --python-version 3.12 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url -o requirements.lock
	uv pip compile pyproject.toml --extra dev --extra demo -c requirements.lock --universal --python-version 3.12 \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements-dev.lock
