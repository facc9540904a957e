# Every target hands over to bootstrap.py, which Windows users call directly (README.md).
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) bootstrap.py
GPU_FLAG = $(if $(filter-out 0 no false,$(GPU)),--gpu)

.DEFAULT_GOAL := help
.PHONY: help lab test test-gpu test-browser run book map render student bench claims lock clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

lab:  ## open JupyterLab on the first notebook (GPU=1 for a GPU; LAB_ARGS="--no-browser --port 8890")
	@$(BOOTSTRAP) lab $(GPU_FLAG) $(LAB_ARGS)

test:  ## linters, unit tests, and every notebook against its committed outputs
	@$(BOOTSTRAP) test

test-gpu:  ## list what a GPU changes, then every notebook at full length (ONE_STEP=1: cut short, on a CPU)
	@$(BOOTSTRAP) test-gpu $(if $(filter-out 0 no false,$(ONE_STEP)),--one-step)

test-browser:  ## notebooks in a real browser (needs Chromium or Chrome)
	@$(BOOTSTRAP) test-browser

run:  ## execute one notebook without a screen: make run NB=04_training_a_gan
	@$(BOOTSTRAP) run $(GPU_FLAG) $(NB)

book:  ## write all notebooks as web pages: build/index.html
	@$(BOOTSTRAP) book

render:  ## execute notebooks and write them back, ready to commit (NB=... for one)
	@$(BOOTSTRAP) render $(NB)

map:  ## write the tables of notebooks, badges and Colab cells, without executing anything
	@$(BOOTSTRAP) map

student:  ## write copies without solutions: build/student
	@$(BOOTSTRAP) student

bench:  ## measure, and rewrite the tables of benchmarks/
	@$(BOOTSTRAP) bench $(BENCH_ARGS)

claims:  ## execute notebooks with other seeds and keep which claims hold (SEEDS=10, FIRST=0, NB=... for one)
	@$(BOOTSTRAP) claims $(or $(SEEDS),10) --first $(or $(FIRST),0) $(NB)

lock:  ## resolve pyproject.toml into both locks again (LOCK_ARGS=--upgrade for newer versions)
	@$(BOOTSTRAP) lock $(LOCK_ARGS)

clean:  ## delete build/ and .venv
	rm -rf build .venv
