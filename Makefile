# Everything runs in .venv, which the first target that needs it sets up.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: scan test gate cost check bench translations lock clean

scan: .venv/run  ## audit the sample posts
	$(BIN)/dedupe scan corpus/ --exit-zero

test: .venv/dev  ## run all tests
	$(BIN)/pytest -n auto -q

gate: .venv/dev  ## measure the labelled cases; refuse what is worse than before
	$(BIN)/python tests/quality/gate.py

cost: .venv/dev  ## count what a few posts cost; refuse what costs more than before
	$(BIN)/python benchmarks/cost.py

check: .venv/dev  ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/dev  ## measure speed and memory beside other programs; writes docs/performance.md
	$(BIN)/python benchmarks/performance.py --write
	$(BIN)/python benchmarks/across.py
	$(BIN)/python benchmarks/across_scan.py

translations: .venv/dev  ## bring the catalogues up to what the program says
	$(BIN)/python tests/translations.py

lock: .venv/dev  ## renew the locked versions
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-emit-index-url --no-annotate -q \
		pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-emit-index-url --no-annotate -q \
		pyproject.toml --extra review --group dev -o requirements-dev.lock

.venv/run: requirements.lock pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	touch $@ .venv/run

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
