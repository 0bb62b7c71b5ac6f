# The commands of the project. `make help` lists them.
PORT ?= 8000
HOST ?= 127.0.0.1
VAR ?= var
MARKET ?=
PYTEST_WORKERS ?= 2
EXAMPLES ?= 300

PYTHON := .venv/bin/python
MANAGE := VAR="$(VAR)" $(PYTHON) manage.py

.DEFAULT_GOAL := help
.PHONY: help up down test lint fuzz bench lock base dev rivals

help: ## list the commands and their knobs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

up: base ## start everything: PORT=8000 HOST=127.0.0.1 VAR=var MARKET=simulated|FILE|FOLDER
	@$(MANAGE) up --host "$(HOST)" --port "$(PORT)" $(if $(MARKET),--market "$(MARKET)")

down: base ## stop what runs under VAR=var
	@$(MANAGE) down

test: lint ## everything that must hold before a change lands
	$(PYTHON) -m pytest -n $(PYTEST_WORKERS)

lint: dev ## style, types, who imports whom, migrations
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(MANAGE) makemigrations --check --dry-run

fuzz: dev ## send the API as many odd requests per operation as EXAMPLES=300 says
	FUZZ_EXAMPLES=$(EXAMPLES) $(PYTHON) -m pytest -n $(PYTEST_WORKERS) --timeout 3600 tests/test_fuzz.py

bench: rivals ## the benchmarks, side by side with what others do
	$(PYTHON) -m benchmarks

lock: ## resolve requirements/*.txt anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--output-file requirements/base.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--group dev --constraint requirements/base.txt --output-file requirements/dev.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--group dev --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt pyproject.toml

base:
	@scripts/venv base

dev:
	@scripts/venv dev

rivals:
	@scripts/venv bench
