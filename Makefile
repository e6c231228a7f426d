# Every verb of the project; `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
MEMBERS := shared $(filter-out functions/README%,$(wildcard functions/*))
EDITABLE := $(foreach member,$(MEMBERS),-e ./$(member))
PROJECTS := $(wildcard pyproject.toml shared/pyproject.toml functions/*/pyproject.toml)
# hypothesis and mypy keep their caches below the checkout, so that any user may run them
export UV_NO_PROGRESS = 1
# a company's own certificates are those of the system, which pip uses too
export UV_SYSTEM_CERTS = 1
export DENO_TLS_CA_STORE = system

.PHONY: help
help: ## list the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Debian's python3 comes without venv; root may fetch it, anybody else is told
$(UV):
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	    || { rm -rf $(VENV); [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null \
	        && $(PYTHON) -m venv $(VENV); } \
	    || { echo "$(PYTHON) cannot make a virtual environment; install its venv module: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet uv

# the lock holds versions and hashes, and no address: it is a constraint for both set-ups
$(VENV)/.demo: requirements.lock $(PROJECTS) | $(UV)
	@$(UV) pip install --quiet --python $(BIN)/python --constraint requirements.lock $(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements.lock $(PROJECTS) $(VENV)/.demo | $(UV)
	@$(UV) pip install --quiet --python $(BIN)/python --constraint requirements.lock --group dev
	@touch $@

.PHONY: setup
setup: $(VENV)/.dev ## set up .venv with everything a contributor needs

.PHONY: lock
lock: | $(UV) ## resolve all dependencies anew
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras --group dev \
	    --no-header --no-annotate \
	    $(foreach member,$(MEMBERS),--no-emit-package tiercel-$(notdir $(subst shared,runtime,$(member)))) \
	    $(PROJECTS) --output-file requirements.lock

.PHONY: demo
demo: $(VENV)/.demo ## set up, run the example flow, show its result
	@$(BIN)/tiercel run examples/seattle-weather.yaml

.PHONY: demo-bundle
demo-bundle: $(VENV)/.dev ## run the example flow with every family as a Lambda function of its own
	@$(BIN)/python -m tools.demo_bundle

.PHONY: generate
generate: $(VENV)/.dev ## write manifests, routes and schemas anew from the code
	@$(BIN)/python -m tools.generate

.PHONY: lint-infra
lint-infra: $(VENV)/.dev ## check template.yaml (cfn-lint, SAM), the Dockerfile (hadolint), the edge function (deno)
	@$(BIN)/cfn-lint template.yaml
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/deno check --quiet infra/supabase/functions/execute/index.ts

# docker, podman or buildah; FAMILIES and TARGET choose what is built
ENGINE ?= docker
TARGET ?= server
FAMILIES ?= $(patsubst functions/%/pyproject.toml,%,$(shell grep -l tiercel.families functions/*/pyproject.toml))

.PHONY: images
images: $(VENV)/.dev ## build an image per family and say how large it is: TARGET=lambda or server, ENGINE=docker or podman
	@for family in $(FAMILIES); do \
	    $(ENGINE) build --quiet --build-arg FAMILY=$$family --target $(TARGET) $(IMAGE_OPTIONS) \
	        --tag tiercel/$$family:$(TARGET) . >/dev/null || exit 1; \
	    ENGINE=$(ENGINE) $(BIN)/python -m tools.image_size tiercel/$$family:$(TARGET) || exit 1; \
	done

.PHONY: pin
pin: $(VENV)/.dev ## pin the base images in the Dockerfile by their digests of today
	@ENGINE=$(ENGINE) $(BIN)/python -m tools.pin

.PHONY: release
release: $(VENV)/.dev ## release one family: FAMILY=sql VERSION=0.2.0
	@$(BIN)/python -m tools.release $(FAMILY) $(VERSION)

.PHONY: compatibility
compatibility: $(VENV)/.dev ## try each family on the runtime here and on the oldest that it accepts
	@$(BIN)/python -m tools.compatibility $(FAMILY)

.PHONY: fuzz
fuzz: $(VENV)/.dev ## try the expression language with many thousand templates that nobody wrote
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-20000} $(BIN)/pytest tests/unit/expressions/test_fuzz.py -q

.PHONY: simulate
simulate: $(VENV)/.dev ## drive the kernel through 100,000 random schedules; SEED=n plays one again
	@$(BIN)/python -m tests.unit.kernel.simulation

.PHONY: crash
crash: $(VENV)/.dev ## kill an engine at each of its statements, on both stores; EVERY=k takes every k-th
	@$(BIN)/python -m tests.crash

.PHONY: storm
storm: $(VENV)/.dev ## kill orchestrators under load, STORM_SECONDS (300) on each store; SEED=n draws the same again
	@$(BIN)/python -m tests.storm

.PHONY: storm-queues
storm-queues: $(VENV)/.dev ## run a ForEach of 1,000 over queues while one process in ten is killed; ITEMS, SEED
	@$(BIN)/python -m tests.queues

.PHONY: check
check: $(VENV)/.dev ## format, lint, types, import rules, generated files current
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.generate --check

.PHONY: format
format: $(VENV)/.dev ## format the code and mend what can be mended
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

.PHONY: test
test: $(VENV)/.dev ## set up and pass the tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -q

.PHONY: conformance
conformance: $(VENV)/.dev ## run the corpus in CONFORMANCE_DIR
	@$(BIN)/python -m tests.conformance $(CONFORMANCE_DIR)

.PHONY: bench-engine
bench-engine: $(VENV)/.dev ## measure the engine beside DBOS and Absurd, which get an environment of their own
	@test -d .venv-peers || $(UV) venv --quiet .venv-peers
	@$(UV) pip install --quiet --python .venv-peers/bin/python -r bench/engine/peers/requirements.txt
	@$(BIN)/python -m bench.engine

.PHONY: clean
clean: ## remove what the set-up and the runs have made
	rm -rf $(VENV) .tiercel .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
