# Every target makes the virtual environment first, once for each content of pyproject.toml.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
DEMO ?= runs/demo

.PHONY: demo test test-browser test-all lint format bench docs clean
.DELETE_ON_ERROR:

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev,docs]'
	touch $@

demo: $(INSTALLED)  ## train on the bundled MNIST; leaves a model, figures and a report
	rm -rf $(DEMO)
	$(BIN)/thumbnet train mnist --out $(DEMO)

test: $(INSTALLED)  ## the tests that take seconds, with coverage
	$(BIN)/python -m pytest --cov --cov-report=term

test-browser: $(INSTALLED)  ## the pages in Chromium, if it is installed
	$(BIN)/python -m pytest -m browser tests/export tests/server

test-all: $(INSTALLED)  ## the slow ones too
	$(BIN)/python -m pytest -m "not network"

lint: $(INSTALLED)  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)  ## re-run the published figures; hours
	$(BIN)/python benchmarks/tutorials.py --again
	$(BIN)/python benchmarks/kill_resume.py
	$(BIN)/python benchmarks/make_tables.py

docs: $(INSTALLED)  ## build the pages into site/
	$(BIN)/mkdocs build --strict

clean:
	rm -rf .venv site
