"""A small model that is trained once for all tests of this folder."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.bundle import Bundle
from models.specs import MODEL_SPECS, ModelSpec
from models.training import train
from models.training_set import Split

NAMES = ("in_count_7d", "in_count_30d", "night_share_7d", "account_age", "is_by_proxy")
SPLIT = Split(date(2026, 2, 1), date(2026, 2, 8), date(2026, 2, 8))


@pytest.fixture(scope="session")
def spec() -> ModelSpec:
    every = MODEL_SPECS["accounts"]
    params = dict(every.params) | {"num_threads": 1, "num_leaves": 7}
    left_out = tuple(name for name in every.features if name not in NAMES)
    return replace(every, params=params, left_out=left_out, max_rounds=40, patience=10)


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """Many credits at night mean trouble, proxies a little; account_age is noise with gaps."""
    rng, count = np.random.default_rng(5), 3000
    frame = pd.DataFrame(
        {
            "as_of": [date(2026, 1, 25), date(2026, 2, 8)] * (count // 2),
            "subject_id": [f"s{n}" for n in range(count)],
            "part": ["train", "valid"] * (count // 2),
            "weight": 1.0,
            "in_count_7d": rng.poisson(3, count).astype(float),
            "night_share_7d": rng.beta(1, 6, count),
            "account_age": np.where(rng.random(count) < 0.1, np.nan, rng.integers(1, 900, count)),
            "is_by_proxy": (rng.random(count) < 0.2).astype(float),
        }
    )
    frame["in_count_30d"] = frame.in_count_7d * 4
    odds = -5 + 0.5 * frame.in_count_7d + 6 * frame.night_share_7d + frame.is_by_proxy
    frame["label"] = (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(int)
    return frame


@pytest.fixture(scope="session")
def bundle(rows: pd.DataFrame, spec: ModelSpec) -> Bundle:
    return replace(train(rows, spec, SPLIT, {"cutoff": "2026-02-20"}), version="1")
