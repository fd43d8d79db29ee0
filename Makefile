# Everything that is done with a checkout. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv/bin
# One more than cores: much of a test's time is a process that starts, a lease that ends, a page that is drawn.
RUNNERS := $(shell $(PYTHON) -c "import os; print(min(4, len(os.sched_getaffinity(0)) + 1))" 2>/dev/null || echo 2)
PYTEST := $(VENV)/python -m pytest -n $(RUNNERS) --dist loadfile
# A test that hangs past its own time-out ends its process with a trace, and the run with it, telling its name.
HANGS  := -o faulthandler_timeout=420 -o faulthandler_exit_on_timeout=true --max-worker-restart=0

# Some images say this for everybody. Compiling every module again at each start takes longer than the start itself,
# and tests start some hundred processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo setup dev-setup test test-all drill check format sabotage papers lock wheel clean bench bench-quick

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## Start the gateway on http://127.0.0.1:8080 (INBOX_PORT, INBOX_DATA_DIR move it)
	@exec $(VENV)/inbox serve

demo: setup ## Start it with made-up clients on local stand-ins of the networks
	@exec $(VENV)/inbox demo

setup: ## Prepare everything without starting: .venv, locked packages, the built console
	@$(PYTHON) scripts/setup.py

dev-setup: ## The same, with what tests and checks need
	@$(PYTHON) scripts/setup.py --dev

test: dev-setup ## Run the tests on real servers, with the core journeys in a real browser (some eighteen minutes on two cores)
	@$(VENV)/python scripts/testbed.py
	@$(PYTEST) $(HANGS) -m "not full and not drill"

test-all: dev-setup ## Run every test there is, the console's own too
	@$(VENV)/python scripts/testbed.py
	@$(PYTHON) scripts/setup.py --dev --npm test
	@$(PYTEST) -m "not drill"

drill: dev-setup ## Kill, starve and disconnect a whole installation for an hour; prints the certificates
	@$(VENV)/python scripts/testbed.py
	@INBOX_DRILL_OUTAGE=120 INBOX_DRILL_FLOOD=10000 $(PYTEST) tests/drills -m "drill or not full" -s -v

bench: dev-setup ## Measure every figure of speed with its baselines, one JSON line each (about 10 min; needs wrk)
	@$(VENV)/python -m benchmarks

bench-quick: dev-setup ## The same for the starred figures only (under 50 s)
	@$(VENV)/python -m benchmarks --quick

check: dev-setup ## Check format, lint and types, the console's and the papers too
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/python scripts/docs.py --check
	@$(PYTHON) scripts/setup.py --dev --npm run check
	@$(PYTHON) scripts/setup.py --dev --npm run lint
	@$(PYTHON) scripts/setup.py --dev --npm run size

format: dev-setup ## Format the Python code and mend what can be mended
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

sabotage: dev-setup ## Take out each mechanism that holds up a promise and see its test fail
	@$(VENV)/python scripts/sabotage.py

papers: dev-setup ## Write the papers that are made from the code
	@$(VENV)/python scripts/docs.py

lock: dev-setup ## Write the lock files anew; UPGRADE=--upgrade takes newer packages
	@$(VENV)/python scripts/lock.py $(UPGRADE)

wheel: dev-setup ## Build a wheel that carries the console into dist/
	@$(VENV)/uv build --wheel --out-dir dist

clean: ## Remove what setup and tests have made; data stays
	rm -rf .venv console/dist console/node_modules dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
