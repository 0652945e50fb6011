# `make lab` opens the course, `make test` proves it; both first make .venv, and do so again only when the lock changes.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The first Python that is new enough and can make virtual environments; `make lab PYTHON=python3.12` overrides it.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$python" -c 'import ensurepip, sys, venv; raise SystemExit(not (3, 11) <= sys.version_info < (3, 15))' \
	2>/dev/null && { echo "$$python"; break; }; done)

# A worker for every core. Tests in the browser share one server, and go slower side by side than one after another.
PARALLEL := -n auto

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: lab
lab: $(READY) ## Open the notebooks in JupyterLab
	$(BIN)/gan-edu lab --dir notebooks

.PHONY: app
app: $(READY) ## Open the first notebook as an app (Voilà), without code
	$(BIN)/gan-edu app --dir notebooks

.PHONY: test
test: $(READY) ## The whole suite; ARGS="-k ring -x" for a part of it
	$(BIN)/python -m pytest $(or $(ARGS),$(PARALLEL) -m "not browser")
	$(if $(ARGS),,$(BIN)/python -m pytest -m browser)

.PHONY: check
check: lint ## Lint, types, layers and the fast tests
	$(BIN)/python -m pytest $(PARALLEL) -q -m "not browser and not notebooks and not slow" $(ARGS)

.PHONY: lint
lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache
	$(BIN)/basedpyright

.PHONY: format
format: $(READY) ## Put the code in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: bench
bench: $(READY) ## The figures of docs/benchmarks.md: the engine, its tricks, planar games, remedies, samplers, the stage and the lab in a browser
	$(BIN)/python -m benchmarks.engine $(ARGS)
	$(BIN)/python -m benchmarks.tricks
	$(BIN)/python -m benchmarks.planar
	$(BIN)/python -m benchmarks.remedies
	$(BIN)/python -m benchmarks.samplers
	$(BIN)/python -m benchmarks.stage_fps
	$(BIN)/python -m benchmarks.lab_speed

.PHONY: site
site: $(READY) ## The notebooks as static pages, in site/
	$(BIN)/python docs/build_site.py $(ARGS)

# The lock names versions and nothing else: which build of torch they mean, and what a CUDA build brings, is pip's choice.
.PHONY: lock
lock: $(READY) ## Bring requirements.lock up to date with pyproject.toml; UPGRADE=--upgrade takes newer versions
	$(BIN)/python -m piptools compile --quiet --extra dev --strip-extras --no-annotate --no-header --no-allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--unsafe-package gan-edu $(UPGRADE) --output-file requirements.lock pyproject.toml
	{ echo '# Exact versions of everything, tools included; made from pyproject.toml by `make lock`.'; \
		sed -E -e 's/\+[a-z0-9.]+$$//' -e '/^(cuda|nvidia|triton)[a-z0-9-]*==/d' -e '/^(#|$$)/d' requirements.lock; \
		} > requirements.new && mv requirements.new requirements.lock

.PHONY: clean
clean: ## Remove .venv and everything that can be made again
	rm -rf $(VENV) dist site artefacts .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find gan_edu tests notebooks benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "gan_edu needs Python 3.11 to 3.14 with its venv module (Debian: apt install" \
		"python3-venv); none of python3, python3.13, ... fits. Set another one with PYTHON=..." >&2; exit 1; }
	$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
