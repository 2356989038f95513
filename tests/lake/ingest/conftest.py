"""Fixtures of the ingest tests; the bank itself is in `small_bank`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from conf.settings import Settings
from tests.lake.ingest.small_bank import MAPPING, Bank, make_bank


@pytest.fixture
def bank(spark: SparkSession, settings: Settings, tmp_path: Path) -> Bank:
    """The small bank; nothing has landed yet."""
    return make_bank(spark, settings, tmp_path, MAPPING)


@pytest.fixture
def bank_of(spark: SparkSession, settings: Settings, tmp_path: Path) -> Callable[[str], Bank]:
    """A bank with a mapping of one's own."""
    return lambda mapping: make_bank(spark, settings, tmp_path, mapping)
