# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
PYTHON ?= python3
VENV_PYTHON = .venv/bin/python
STACK = $(VENV_PYTHON) -m config.stack --die-with-parent
ARGS ?=
# The tests of access that judge one condition or a few; the others judge pages, and have a command each.
JUDGES = tests/access/sharing tests/access/seen $(addprefix tests/access/test_,$(addsuffix .py,rules levels visible seen viewers grants lists projection worlds guards joining))

# Some machines tell Python to keep nothing that it has compiled: each of some fifty processes would then begin by compiling
# two thousand modules again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test pytest kill-test crowd pages matrix pairs timing mutants lint bench lock backup restore reset

help: ## List what make can do
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## Install what running needs, and nothing that is there already
	@$(PYTHON) config/bootstrap.py run

setup-test: ## Install what running and testing need
	@$(PYTHON) config/bootstrap.py test

run: setup ## Start Harbour with its own database and broker, and demo data on the first run
	@$(STACK) run

test: setup-test ## Run every check and all tests, on services of their own
	@$(STACK) check -- $(ARGS)

pytest: setup-test ## Run some tests: make pytest ARGS="tests/risk -x"
	@$(STACK) test -- $(ARGS)

kill-test: setup-test ## Kill worker and broker again and again, and count what became of every alert
	@HARBOUR_KILLS=$(or $(KILLS),28) $(STACK) test -- tests/kill $(ARGS)

crowd: setup-test ## Let four share, end and write on few files at once, thousands of times, and compare the lists after
	@HARBOUR_OPERATIONS=$(or $(OPERATIONS),4000) $(STACK) test -- tests/access/test_projection.py $(ARGS)

pages: setup-test ## Judge every page as each role gets it, once for each structure (a quarter of an hour)
	@HARBOUR_EVERY_ROLE=1 $(STACK) test -- tests/journeys/test_pages.py $(ARGS)

matrix: setup-test ## Ask every role for every address in every relation to a file, against the oracle (an hour or two)
	@HARBOUR_IN_PART=1 HARBOUR_ORACLE=1,1 $(STACK) test -- tests/access/test_oracle.py tests/access/test_in_part.py $(ARGS)

pairs: setup-test ## Ask every page before and after what one may not know of, by role and category (or ONE_IN=3) and by file
	@HARBOUR_PAIRS=$(or $(ONE_IN),1) $(STACK) test -- tests/access/test_interference.py tests/access/test_kept.py $(ARGS)

timing: setup-test ## Ask whether the time of a refusal tells a file from none, with a control (a quiet machine)
	@HARBOUR_TIMING=1 $(STACK) test -- tests/access/test_not_found.py $(ARGS)

mutants: setup-test ## Turn every condition of the access rule round in turn, and see that a test of access fails (an hour)
	@$(STACK) test -- -q -s --assert=plain --tb=line -p tests.mutants.plugin -p no:cacheprovider $(JUDGES) $(ARGS)

lint: setup-test ## Run the checks that need no database
	@$(STACK) lint

bench: setup-test ## Measure the speeds the design promises; ARGS=--full measures at 1,000, 100,000 and 1,000,000 files
	@$(STACK) --on-disk with -- $(VENV_PYTHON) -m tests.bench $(ARGS)

lock: ## Lock the dependencies of pyproject.toml anew, keeping versions that still fit
	@$(PYTHON) config/bootstrap.py lock

backup: setup ## Back the database up, running or not: make backup, or make backup TO=a-folder
	@$(STACK) backup -- $(TO)

restore: setup ## Fill a checkout that has no data yet from a backup: make restore FROM=backups/…
	@$(STACK) restore -- $(FROM)

reset: ## Remove all data of this checkout (the folder var/)
	@$(VENV_PYTHON) -m config.stack reset
