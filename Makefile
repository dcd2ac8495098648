# Two commands matter: `make demo` and `make test`. Each does its own set-up; done once, it costs nothing.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PYTHON_FOLDERS := $(wildcard plugin widgets webhooks sandbox tests tools benchmarks)
TEMPLATES := $(wildcard plugin/templates widgets/*/templates sandbox/templates)
PART ?= -q
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# One more than there are cores: a test that waits for a browser or a retry leaves its core to another.
WORKERS ?= -n $(shell echo $$(($(CORES) < 4 ? $(CORES) + 1 : 4))) --dist worksteal

# A machine's own certificates count, as they do for pip: a company's proxy has one of its own.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem /etc/pki/tls/certs/ca-bundle.crt),)
export UV_NATIVE_TLS ?= 1
endif

.DEFAULT_GOAL := help
.PHONY: help demo dev test check setup base schemas assets services format format-check lint types imports unit integration \
        architecture extensions e2e screens bench lock clean

help:
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 16

demo: base ## the app with a pocket Shopify on this machine; no account needed; `make demo PORT=9200` takes other ports
	@exec $(BIN)/dankbar sandbox $(if $(PORT),--port $(PORT)) $(if $(BILLING),--billing $(BILLING))

KEY ?= var/development-key

dev: base $(KEY) ## the app behind the tunnel of `shopify app dev`, which calls this
	@DANKBAR_APP_URL="$$HOST" DANKBAR_SECRET_KEY="$$(cat $(KEY))" exec $(BIN)/dankbar serve --port "$$PORT"

$(KEY): | .venv/synced
	@mkdir -p $(@D) && umask 077 && $(BIN)/python -c \
	  'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())' > $@

test: setup ## everything below, then the summary of the test runner
	@$(MAKE) --no-print-directory -j $(CORES) -O check
	@$(BIN)/pytest $(WORKERS)

check: format-check lint types imports extensions ## what can be said without running the app

# --- set-up -------------------------------------------------------------------------------------------------------

setup: base services ## everything that demo and test need

base: .venv/synced node_modules/.synced schemas assets

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Dankbar needs Python 3.11 or newer: run make PYTHON=/path/to/python3.11." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/bootstrapped: requirements/bootstrap.lock | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	@touch $@

.venv/synced: .venv/bootstrapped requirements/development.lock pyproject.toml
	VIRTUAL_ENV=.venv $(BIN)/uv pip sync -q --require-hashes requirements/development.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --no-deps --no-build-isolation --offline -e .
	@touch $@

node_modules/.synced: package.json package-lock.json .npmrc
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' || \
	  { echo "Dankbar needs Node 20 or newer on PATH." >&2; exit 1; }
	npm ci --ignore-scripts --loglevel=error
	@touch $@

schemas: .venv/synced ## Shopify's GraphQL schemas, into .cache/schemas
	@$(BIN)/python tools/schemas.py

assets: node_modules/.synced ## what is bundled or copied out of node_modules
	@npm run --silent --if-present build

services: .venv/synced ## Chromium, PostgreSQL and Redis: found, or installed
	@$(BIN)/python tools/services.py

# --- the parts of test --------------------------------------------------------------------------------------------

format: .venv/synced ## rewrite Python files in the house format
	@$(BIN)/ruff format $(PYTHON_FOLDERS)
	@$(BIN)/ruff check --select I --fix $(PYTHON_FOLDERS)

format-check: .venv/synced ## Python files are in the house format
	@$(BIN)/ruff format --check $(PYTHON_FOLDERS)

lint: .venv/synced ## ruff, and djlint over the templates
	@$(BIN)/ruff check $(PYTHON_FOLDERS)
	@$(if $(TEMPLATES),$(BIN)/djlint --quiet --lint $(TEMPLATES))

types: .venv/synced ## mypy --strict
	@$(BIN)/mypy $(PYTHON_FOLDERS)

imports: .venv/synced ## who may import whom
	@$(BIN)/lint-imports

unit: base ## pure tests, and the tests of the tree itself
	@$(BIN)/pytest $(PART) tests/unit tests/architecture

architecture: base ## the tests of the tree itself
	@$(BIN)/pytest $(PART) tests/architecture

integration: setup ## real databases, real HTTP
	@$(BIN)/pytest $(PART) $(WORKERS) tests/integration

extensions: base ## Shopify's own formats: types, tests, theme check
	@$(foreach config,$(wildcard extensions/*/tsconfig.json),node_modules/.bin/tsc --noEmit --project $(config) &&) true
	@$(if $(wildcard extensions/*/tests),node_modules/.bin/vitest run)
	@$(if $(wildcard extensions/theme),node tools/theme-check.mjs extensions/theme)

e2e: setup ## a real browser
	@$(BIN)/pytest $(PART) $(WORKERS) tests/e2e

screens: setup ## pictures of every state that a person can see, into .cache/screens
	@$(BIN)/python -m tests.e2e.screens $(if $(EVERY),--every) $(if $(ONLY),--only '$(ONLY)')

bench: setup ## ratios against baselines measured in the same run
	@$(BIN)/python -m benchmarks

# --- upkeep -------------------------------------------------------------------------------------------------------

LOCK := $(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
        --no-emit-find-links --python-version 3.11 $(UPGRADE)
IN := requirements

lock: .venv/bootstrapped ## pin again; `make lock UPGRADE=--upgrade` takes newer versions
	@$(LOCK) $(IN)/bootstrap.in -o $(IN)/bootstrap.lock
	@$(LOCK) --no-deps $(IN)/postgres.in -o $(IN)/postgres.lock
	@$(LOCK) $(IN)/runtime.in -o $(IN)/runtime.lock
	@$(LOCK) $(IN)/runtime.in $(IN)/sandbox.in $(IN)/development.in -c $(IN)/runtime.lock -o $(IN)/development.lock
	npm install --ignore-scripts --package-lock-only --loglevel=error

clean: ## everything that set-up and runs have made, except the data in var/
	rm -rf .venv node_modules .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
