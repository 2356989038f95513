# `make` alone lists the targets. A laptop, .ci/run and the CI workflow call the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SIZE ?= small
SEED ?= 7
PACKAGES := conf data_contracts privacy lake features models review demo jobs dags

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYSPARK_PYTHON := $(CURDIR)/.venv/bin/python
export SPARK_LOCAL_IP := 127.0.0.1
export RISKVANE_HOME ?= $(CURDIR)
# Nothing reports home.
export GX_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False

.PHONY: help setup run test lint types night airflow mlflow doctor docs lock clean bench-handbook bench-berka bench-features test-end-to-end

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## what this machine needs: Java, .venv, Delta JARs, keys, Airflow's database (each once)
	@scripts/setup.sh

run: setup ## the tour: simulated province, history, training, one night, one screening (SIZE=tiny|small|city SEED=7 DAYS=n)
	@riskvane first-run --size $(SIZE) --seed $(SEED) $(if $(DAYS),--days $(DAYS))

night: setup ## one night without Airflow: make night AS_OF=2026-03-06
	@riskvane night --as-of $(or $(AS_OF),$(error make night needs a morning, e.g. make night AS_OF=2026-03-06))

airflow: setup ## Airflow's services on this machine; prints address and login, stops with Ctrl-C
	@python -m jobs.services airflow

mlflow: setup ## the model registry's page on this machine, stops with Ctrl-C
	@python -m jobs.services mlflow

doctor: ## what is missing or wrong here, with the cure (no set-up needed first)
	@if [ -x .venv/bin/riskvane ]; then riskvane doctor; else echo "WRONG .venv: missing  ->  run: make setup"; exit 1; fi

test: setup ## tests of every room (TESTS=tests/dags for some of them)
	@python -m pytest $(or $(TESTS),--ignore=tests/end_to_end)

test-end-to-end: setup ## the whole tour on a tiny province, held against its promises (long)
	@python -m pytest tests/end_to_end

lint: setup ## style and usual mistakes
	@ruff check . && ruff format --check .

types: setup ## static types
	@mypy $(PACKAGES)

docs: setup ## write the generated pages of docs/ anew
	@python -m jobs.feature_contracts && python -m data_contracts.dictionary

bench-handbook: setup ## Card Precision@100 of the daily list on the public card-fraud benchmark (RISKVANE_LANDING=its folder)
	@python -m benchmarks.handbook

bench-berka: setup ## do a real bank's transactions explain its balances? (RISKVANE_LANDING=the folder with trans.asc)
	@python -m benchmarks.berka

bench-features: setup ## CPU seconds of a night's window features beside Spark, DuckDB, Polars (SIZE=quick|twentieth|full)
	@python -m benchmarks.features --size $(if $(filter file,$(origin SIZE)),quick,$(SIZE)) && python -m benchmarks.features.chart

lock: setup ## resolve requirements/*.in to requirements/lock.txt again (needs the network)
	@build/uv/bin/uv pip compile requirements/dev.in --generate-hashes --python-version 3.11 --universal \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -o requirements/lock.txt

clean: ## remove what runs have written under build/; keeps .venv, JARs and keys
	@rm -rf build/demo build/lake build/vault build/reports build/worklists build/data_docs build/mlflow build/airflow
	@rm -rf build/spark/warehouse build/logs .hypothesis .ruff_cache .mypy_cache
	@echo "removed the simulated province, the lake, lists, models and Airflow's database"
