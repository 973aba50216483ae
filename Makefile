# shopmesh. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Without compiled modules a service takes four times as long to start.
unexport PYTHONDONTWRITEBYTECODE

# Where uv, pip, npm and Go keep their files; a home that cannot be written has no room for them.
ifeq ($(shell mkdir -p "$$HOME/.cache" 2>/dev/null && test -w "$$HOME/.cache" && echo yes),)
export XDG_CACHE_HOME := $(CURDIR)/.cache
export npm_config_cache := $(CURDIR)/.cache/npm
export GOPATH := $(CURDIR)/.cache/go
endif

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .tools/bin
AS_ROOT = $$(test "$$(id -u)" = 0 || echo "sudo -n")
GRPCURL := github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4

# An environment is current when its stamp carries the digest of what went into it and of where it lies.
digest = $(shell { cat $(1); pwd; } 2>/dev/null | sha256sum | cut -c1-16)
PACKAGES := pyproject.toml generated/pyproject.toml
RUN := $(VENV)/.run-$(call digest,requirements-uv.txt requirements.txt $(PACKAGES))
DEV := $(VENV)/.dev-$(call digest,requirements-dev.txt)-$(notdir $(RUN))
SES := $(VENV)/.ses-$(call digest,requirements-ses.txt)-$(notdir $(RUN))
# uv is quick, pip knows every proxy and index setting: what one cannot fetch, the other may. Both check the hashes.
install = $(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --require-hashes -r $(1) \
	|| { echo "    uv could not, pip tries:"; $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r $(1); }
COMPILE := --quiet --system-certs --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-package shopmesh-stubs --custom-compile-command "make lock"
# As many workers as there are cores that this process may use.
PYTEST = $(BIN)/python -m pytest -n $$(nproc)
# The page's packages, current when their stamp carries the digest of the lock; node, where it is new enough.
WEB := web/node_modules/.locked-$(call digest,web/package-lock.json)
NODE := node -e 'process.exit(Number(process.versions.node.split(".")[0] < 18))' 2>/dev/null
SOURCES := $(wildcard services interceptors mesh tests bench) protos/generate.py
# What `make proto` and `make render` write.
RENDERED := generated mesh/front_proxy mesh/client/service_configs docs/openapi.yaml docs/rate-limits.md

.PHONY: help setup dev up down real test test-fast test-long tools check fmt lint type imports proto contract texts render drift validate \
	web page bench h2load e2e faults clean lock audit

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUN) $(if $(findstring ses://,$(SHOPMESH_MAIL_URL)),$(SES)) ## Create .venv with what the mesh needs to run
	@echo "==> $(VENV) is ready"

$(RUN):
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here. Debian: apt install git make python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V)."; \
		echo "Name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments. Debian: apt install python3-venv"; exit 1; }
	@if ! grep -qsF -- " $(CURDIR)/$(VENV)" $(VENV)/pyvenv.cfg || ! $(BIN)/python -c '' 2>/dev/null; then \
		echo "==> Creating $(VENV) with $$($(PYTHON) -V)"; \
		rm -rf $(VENV); $(PYTHON) -m venv "$(CURDIR)/$(VENV)"; fi
	@echo "==> Installing $$(grep -c == requirements.txt) locked packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(call install,requirements.txt)
	@echo "==> Installing shopmesh-stubs and shopmesh (editable)"
	@$(BIN)/uv pip install --quiet --offline --python $(BIN)/python --no-deps --no-build-isolation -e generated -e .
	@rm -f $(VENV)/.run-* && touch $@

dev: $(DEV) # Add what checks and tests need to .venv

$(SES): $(RUN)
	@echo "==> Installing what mails by Amazon SES need"
	@$(call install,requirements-ses.txt)
	@rm -f $(VENV)/.ses-* && touch $@

$(DEV): $(RUN)
	@echo "==> Installing the tools for checks and tests"
	@$(call install,requirements-dev.txt)
	@rm -f $(VENV)/.dev-* && touch $@

up: setup ## Start the mesh; with PROFILE=real on MongoDB, Kafka and the others
	@$(BIN)/shopmesh up $(if $(PROFILE),--profile $(PROFILE))

down: setup ## Stop the mesh
	@$(BIN)/shopmesh down

real: setup ## Fetch the servers of the real profile
	@$(BIN)/python -m mesh.backends

test: dev tools real ## Run the tests against real servers and clients; a skipped test fails
	@$(PYTEST) --no-skips

test-fast: dev ## Run the tests that need no server and no front proxy
	@$(PYTEST) --no-skips --tier fast tests/unit tests/contract tests/component

test-long: dev tools real ## Run the tests that take long: every fault, every broken variant, many examples
	@$(PYTEST) --no-skips --tier long

e2e: dev tools real ## Run the end-to-end tests
	@$(PYTEST) --no-skips tests/e2e

faults: dev real ## The long fault run, also as make faults FAULTS="--orders 1000 --kills 30 --seed 7"
	@$(BIN)/python -m tests.faults.long --profile real $(FAULTS)

bench: dev real h2load ## Measure into bench/results.json; ROWS="P1 P9" only those, QUICK=1 to see that all works
	@$(BIN)/python -m bench $(if $(QUICK),--quick) $(ROWS)
	@$(if $(QUICK)$(ROWS),,$(BIN)/python -m bench picture)

h2load: # Install the driver of loads by apt
	@if command -v h2load >/dev/null; then exit 0; fi; echo "==> Installing h2load"; \
		$(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qq -y nghttp2-client >/dev/null || { \
		echo "Measuring takes h2load. As root: apt install nghttp2-client"; exit 1; }

check: lint type imports contract texts drift validate ## Lint, types, import rules, contract, texts and drift
	@echo "==> All checks passed"

fmt: dev ## Format code and contract
	@$(BIN)/ruff check --quiet --fix-only . && $(BIN)/ruff format --quiet .
	@$(BIN)/buf format --write --path protos/shopmesh

lint: dev ## Lint code and contract
	@echo "==> ruff" && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "==> buf format" && $(BIN)/buf format --diff --exit-code --path protos/shopmesh

type: dev ## Check types, strictly
	@echo "==> mypy --strict" && $(BIN)/mypy --no-error-summary $(SOURCES)

imports: dev # Check who imports whom
	@echo "==> import rules" && $(BIN)/lint-imports --no-logo

contract: dev # Lint the contract and compare it with the released one
	@echo "==> buf" && $(BIN)/buf lint && $(BIN)/buf breaking --against protos/baseline.binpb

texts: dev # Show that every text is there in every language, and that every mail can be written
	@echo "==> texts" && said=$$($(BIN)/python -m pytest -q tests/unit/mesh/test_languages.py \
		tests/unit/notification/test_renderer.py tests/unit/notification/test_mail_traits.py 2>&1) || { \
		echo "$$said"; exit 1; }

proto: dev ## Generate the stubs and the descriptor set
	@$(BIN)/python protos/generate.py

render: proto ## Render Envoy's configuration, OpenAPI and the limits page
	@$(BIN)/python -m mesh.render

drift: render page ## Show that the committed artefacts are what the contract makes
	@echo "==> drift" && git diff --exit-code --stat -- $(RENDERED) && \
		! git ls-files --others --exclude-standard -- $(RENDERED) | grep . || { \
		echo "The files above are not what the contract makes: commit what make render wrote."; exit 1; }

validate: dev # Let Envoy judge its configuration
	@echo "==> envoy --mode validate" && $(BIN)/python -m mesh.render.validate

web: ## Build the page into web/dist
	@if $(NODE); then $(MAKE) --silent $(WEB) && npm --prefix web run --silent build && $(MAKE) page; \
		else echo "web/dist is served as committed; building it takes Node.js 18 or newer."; fi

page: # Show that the page's types and tests are right and web/dist is what its source makes
	@if $(NODE); then echo "==> page" && $(MAKE) --silent $(WEB) && npm --prefix web run --silent check; \
		else echo "==> page: not built anew, that takes Node.js 18 or newer"; fi

$(WEB):
	@npm --prefix web ci --ignore-scripts --loglevel error >/dev/null && touch $@ || { \
		echo "npm could not fetch what builds the page; it says why above."; exit 1; }

tools: $(TOOLS)/grpcurl ## Install grpcurl into .tools/bin, and Chromium by apt
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then exit 0; fi; \
		echo "==> Installing chromium and chromium-driver"; \
		$(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qq -y chromium chromium-driver >/dev/null || { \
		echo "The browser tests need Chromium. As root: apt install chromium chromium-driver"; exit 1; }

$(TOOLS)/grpcurl:
	@if command -v go >/dev/null; then \
		echo "==> Building grpcurl (about a minute)"; GOBIN="$(CURDIR)/$(TOOLS)" go install $(GRPCURL); \
		else echo "No Go toolchain for grpcurl: the tests use buf curl instead"; fi

lock: dev ## Resolve the dependencies anew into requirements*.txt
	@$(BIN)/uv pip compile $(COMPILE) --group uv -o requirements-uv.txt
	@$(BIN)/uv pip compile $(COMPILE) --group build --group tested-grpcio --extra server \
		pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile $(COMPILE) --no-deps --upgrade --group newest-grpcio -o requirements-newest-grpcio.txt
	@$(BIN)/uv pip compile $(COMPILE) --group real -c requirements.txt -o requirements-real.txt
	@$(BIN)/uv pip compile $(COMPILE) --extra ses -c requirements.txt pyproject.toml -o requirements-ses.txt
	@$(BIN)/uv pip compile $(COMPILE) --group build --group dev --group real --extra server --extra ses \
		-c requirements.txt \
		pyproject.toml -o requirements-dev.txt

audit: dev ## Ask the vulnerability service about every locked package
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements-dev.txt || { \
		echo "Not clean: a package above is vulnerable, or the vulnerability service could not be asked."; exit 1; }

clean: ## Remove caches and build output; the environment and the mesh's state stay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist generated/dist tests/output
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
