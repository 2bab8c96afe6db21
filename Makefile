# `make book` builds the book, `make test` checks everything; each makes .venv on first use.

PORT ?= 8000
SEED ?= 0
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
  $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
BIN := .venv/bin
FAST := ganlab tests/data tests/theory $(wildcard tests/test_*.py)

# One thread a process: the printed digits stand on it, and two processes share two cores.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: fuzz help book film serve site teach test check scripts notebooks facts runs pictures studies benchmarks repository mutants mutants-equations lock \
	clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 26

book: .venv/installed  ## Build the book and print its address
	@$(BIN)/jupyter-book build . -W -n --keep-going -q
	@echo "The book is in $(CURDIR)/_build/html; make serve shows it at http://127.0.0.1:$(PORT)/"

serve: book  ## Build the book and serve it on this machine (PORT=8000)
	@echo "Serving         http://127.0.0.1:$(PORT)/  (Ctrl-C ends it)"
	@$(BIN)/python book/_ext/serving.py _build/html $(PORT)

site: book  ## Make the release in dist: the site with notebooks and checksums, and a PDF
	@$(BIN)/python book/_ext/release.py

teach: .venv/installed  ## Make the students' and the teacher's edition in dist
	@$(BIN)/python book/_ext/teach.py

test: .venv/installed scripts  ## Run every check: style, types, floors, package, notebooks, pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder

check: .venv/installed scripts  ## Run what is for every save: style, types, floors and the fast tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@mkdir -p .pytest_cache
	@{ $(BIN)/pyright && $(BIN)/lint-imports; } > .pytest_cache/check.log 2>&1 & others=$$!; \
	  $(BIN)/pytest -q -n 2 --dist loadscope -m "not slow" $(FAST); tests=$$?; \
	  wait $$others || { cat .pytest_cache/check.log; exit 1; }; exit $$tests

scripts: .venv/installed  ## Lint the JavaScript and check its form
	$(BIN)/oxlint
	$(BIN)/oxfmt --check "ganlab/**/*.{js,css}" "book/_ext/*.js" "book/static/*.js"

notebooks: .venv/installed  ## Execute every notebook again, in place
	$(BIN)/python book/_ext/notebooks.py execute

facts: .venv/installed  ## Write what there is by name into ganlab/assets/facts.json
	$(BIN)/python -m ganlab.experiments.inventory

runs: .venv/installed  ## Make the stored long runs again (about two hours of one processor)
	$(BIN)/python -m ganlab.experiments.results
	$(BIN)/python -m ganlab.experiments.alarms
	$(BIN)/python -m ganlab.experiments.generators

pictures: .venv/installed  ## Draw what moves again: the README's picture, the exhibits, the cards
	$(BIN)/python book/pictures/moving.py
	$(BIN)/python book/pictures/exhibits.py
	$(BIN)/python book/pictures/run_it.py

film: .venv/installed  ## Make the film of the page "The film" (some minutes of one processor; needs ffmpeg)
	@PYTHONPATH=book/_ext $(BIN)/python -m film

studies: .venv/installed  ## Run the stored studies again (about nine hours of one processor)
	@for name in $$($(BIN)/python -c 'from ganlab import facts; print(*facts.names("studies"))'); do \
	  $(BIN)/ganlab study $$name --out _build/studies || exit 1; done
	@echo "The studies are in _build/studies; those that the book reads are in ganlab/assets/studies."

benchmarks: .venv/installed  ## Measure a training step beside the most copied scripts' step
	$(BIN)/python tests/benchmarks/training.py

fuzz: .venv/installed  ## Ask the theory nasty questions and compare with mpmath (SEED=0)
	$(BIN)/python tests/theory/fuzz.py --seed $(SEED)

repository: .venv/installed  ## Set the address of the repository: make repository URL=https://github.com/you/name
	@$(BIN)/python book/_ext/notebooks.py repository "$(URL)"

mutants: .venv/installed  ## Break the theory one operator at a time and count what the tests catch
	$(BIN)/pip install -q "mutmut>=3.8"
	$(BIN)/mutmut run
	$(BIN)/mutmut results

mutants-equations: .venv/installed  ## Put every wrong formula in the place of a right one and count what passes
	PYTHONPATH=tests/book $(BIN)/python -m equations.trial

lock: .venv/installed  ## Write requirements.txt from what .venv holds
	$(BIN)/python .ci/lock.py > requirements.txt.new
	mv requirements.txt.new requirements.txt
	touch .venv/installed

clean:  ## Remove what was built, except .venv
	rm -rf _build build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

.venv/installed: requirements.txt
	@test -n "$(PYTHON)" || { \
	  echo "Python 3.11 or newer is needed, and python3 here is: $$(python3 --version 2>&1)."; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; } >&2
	@echo "Installing into .venv (once; torch is large)"
	@test -x $(BIN)/pip || { rm -rf .venv; $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }; }
	$(BIN)/pip install -q -r requirements.txt
	@touch $@
