"""Two small files beside a load: accounts on a list, and pairs of account and morning for a training set."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.features.load import FIRST_DAY, Load

LISTED_SHARE = 0.01  # of all accounts
TRAINING_SHARE = 0.02  # pairs, by accounts
MORNINGS = (91, 150)  # first and last, in days after the first day: all windows are full


def write_samples(folder: Path, load: Load) -> None:
    """listed.parquet: one row per account_id. training.parquet: one row per (account_id, as_of)."""
    rng = np.random.default_rng([load.seed, 2])
    listed = np.sort(rng.choice(load.accounts, max(1, int(load.accounts * LISTED_SHARE)), replace=False))
    pq.write_table(pa.table({"account_id": listed}), folder / "listed.parquet")
    account = rng.choice(load.accounts, max(1, int(load.accounts * TRAINING_SHARE)), replace=False)
    as_of = np.datetime64(FIRST_DAY, "D") + rng.integers(MORNINGS[0], MORNINGS[1] + 1, len(account))
    pq.write_table(pa.table({"account_id": account, "as_of": as_of}), folder / "training.parquet")
