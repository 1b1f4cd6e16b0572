# make quickstart   set up, train on the built-in drawings, write quickstart.png and quickstart.svg
# make test         set up, check style, run every test
# make torture      set up, crash, kill and damage whatever it can think of, for half an hour (docs/reliability.md)
# make bench        set up, measure against Keras and, where they are installed, PyTorch and @magenta/sketch
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BACKEND_TESTS := tests/backends tests/model tests/training tests/interop/test_sketch_js.py tests/test_latent.py tests/test_loading.py tests/test_sampling.py tests/quality/test_recogniser.py
# One process more than there are cores: some tests wait, for a browser, for another process or for a clock.
PROCESSES := $(shell $(PYTHON) -c "import os; print(min(4, os.cpu_count() + 1))")
PARALLEL := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder
QUICK_TO_COMPILE := --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_cpu_use_fusion_emitters=false
USE_XLA := import jax, tensorflow as tf; jax.jit(abs)(1.0); tf.function(abs, jit_compile=True)(1.0)

.PHONY: quickstart test torture bench lint format clean

quickstart: $(VENV)/.installed
	@$(BIN)/sketch-rnn train --run-dir runs/quickstart \
		$$(test -f runs/quickstart/config.json && echo --resume || echo --config quickstart)
	@for suffix in svg png; do $(BIN)/sketch-rnn sample --model runs/quickstart --count 24 --columns 6 \
		--temperature 0.2 --seed 7 --output quickstart.$$suffix --overwrite; done

# Tests compile many small programs once each: what XLA spends on optimising them is not won back. A process keeps each
# of them, and has gigabytes after 1900 tests: so those that run under both backends are a run of their own under
# TensorFlow. The last run is of programs as users have them. Each process reads all tests: bytecode that is kept helps.
test: export XLA_FLAGS = $(shell cat $(VENV)/.xla-flags 2>/dev/null)
test: export PYTHONDONTWRITEBYTECODE =
test: lint $(VENV)/.xla-flags
	$(BIN)/python -m pytest $(PARALLEL) $(BACKEND_TESTS)
	$(BIN)/python -m pytest $(PARALLEL) $(patsubst %,--ignore=%,$(BACKEND_TESTS))
	KERAS_BACKEND=jax JAX_DISABLE_MOST_OPTIMIZATIONS=1 $(BIN)/python -m pytest $(PARALLEL) -m "not tensorflow" $(BACKEND_TESTS)
	XLA_FLAGS= $(BIN)/python -m pytest tests/model/test_golden_training.py -k "gradients and not vae_layer_norm"

torture: export XLA_FLAGS = $(shell cat $(VENV)/.xla-flags 2>/dev/null)
torture: $(VENV)/.xla-flags
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m torture --minutes 30

bench: $(VENV)/.installed-dev
	@for name in data sample train_step web; do $(BIN)/python benchmarks/$$name.py && echo; done

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; set PYTHON=')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[convert]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

# XLA ends a process that names a flag it does not know: so these are tried, and left out where an engine is without one.
$(VENV)/.xla-flags: Makefile $(VENV)/.installed-dev
	@XLA_FLAGS="$(QUICK_TO_COMPILE)" $(BIN)/python -c "$(USE_XLA)" 2>/dev/null && echo "$(QUICK_TO_COMPILE)" >$@ || \
		{ echo "an engine does not know these flags, so the tests compile as for users, and take longer: $(QUICK_TO_COMPILE)"; echo >$@; }

clean:
	rm -rf $(VENV) build *.egg-info
