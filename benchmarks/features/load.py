"""Load for the feature benchmark: daily Parquet files of a province's transactions, shaped like a bank's.

`<folder>/event_date=YYYY-MM-DD/part-0.parquet`, one row per transaction of an account, in the order in which the
core system booked it (by `happened_at`): account_id, counterparty_id (whole numbers), direction ('in' or 'out'),
amount (cents), happened_at (business time, to the second), known_as_of (first morning that may use the row).
`<folder>/accounts.parquet`: one row per account, account_id and subject_id.

Every day depends on (seed, day) only, so any day can be written alone, with the same bytes. Rates of accounts are
lognormal, few counterparties are met once: at 1/20 of a province (`twentieth`) 24.3 million rows of 90 days are 19.0
million account-days and 9.5 million pairs of account and counterparty.

Example: python -m benchmarks.features.load --folder build/bench/load --size quick --days 90
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from time import monotonic

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from conf.errors import UsageError

FIRST_DAY = date(2026, 1, 1)
RATE_SIGMA = 0.65  # of the logarithm of an account's transactions a day
MOST = 10**8  # cents; sums of squares of an account's amounts stay below 2**62
BURST_SHARE = 0.05  # transactions within minutes of another one of the same account
NEW_SHARE = 0.12  # transactions with somebody outside the account's own circle
HOURS = (
    20,
    10,
    6,
    5,
    6,
    14,
    40,
    90,
    150,
    190,
    200,
    190,
    185,
    160,
    170,
    180,
    185,
    190,
    200,
    210,
    190,
    150,
    95,
    45,
)
EMPLOYER, MERCHANT, PERSON = 0, 1, 2
MEDIAN = np.log(np.array([650_000, 4_500, 40_000]))  # cents, by kind of counterparty
SPREAD = np.array([0.5, 1.1, 1.4])
SCHEMA = pa.schema(
    [
        ("account_id", pa.int64()),
        ("counterparty_id", pa.int64()),
        ("direction", pa.string()),
        ("amount", pa.int64()),
        ("happened_at", pa.timestamp("us")),
        ("known_as_of", pa.date32()),
    ]
)


@dataclass(frozen=True)
class Load:
    """What decides every byte of a load. `late_share` of the rows are known one to five mornings later."""

    accounts: int
    transactions_a_day: int
    seed: int = 7
    late_share: float = 0.0


# A province has 18 million accounts.
SIZES = {
    "tiny": Load(200, 60),
    "quick": Load(180_000, 54_000),
    "twentieth": Load(900_000, 270_000),
    "full": Load(4_500_000, 1_350_000),
}


def day_file(folder: Path, day: date) -> Path:
    """The one file of a day."""
    return folder / f"event_date={day}" / "part-0.parquet"


def last_files(folder: Path, as_of: date, days: int) -> list[str]:
    """Files of the `days` days before `as_of`; raises UsageError where one is missing."""
    files = [day_file(folder, as_of - timedelta(days=back)) for back in range(days, 0, -1)]
    if missing := [str(file) for file in files if not file.is_file()]:
        raise UsageError(f"{len(missing)} daily files are missing, the first is {missing[0]}; write the load")
    return [str(file) for file in files]


def write_load(folder: Path, load: Load, days: int, first: date = FIRST_DAY, progress: bool = False) -> int:
    """Write the accounts and those of the first `days` days that are not there; the number of files written.

    Raises UsageError where the folder holds a load with other parameters.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "load.json"
    if manifest.is_file() and json.loads(manifest.read_text()) != asdict(load):
        raise UsageError(
            f"{manifest} says {manifest.read_text()}, wanted {asdict(load)}; take another folder"
        )
    manifest.write_text(json.dumps(asdict(load)))
    if not (folder / "accounts.parquet").is_file():
        _write(accounts(load), folder / "accounts.parquet")
    wanted = [first + timedelta(days=n) for n in range(days)]
    missing = [day for day in wanted if not day_file(folder, day).is_file()]
    started = monotonic()
    for n, day in enumerate(missing, 1):
        _write(transactions(load, day), day_file(folder, day))
        if progress and (n % 10 == 0 or n == len(missing)):
            rows = n * load.transactions_a_day
            rate = rows / max(monotonic() - started, 1e-9)
            print(f"{n} of {len(missing)} days, {rows:,} rows, {rate:,.0f} rows/s", flush=True)
    return len(missing)


def accounts(load: Load) -> pa.Table:
    """One row per account: account_id and the pseudonym by which the product would know it."""
    numbers = pa.array(np.arange(load.accounts, dtype=np.int64))
    digits = pc.utf8_lpad(pc.cast(numbers, pa.string()), 20, "0")
    return pa.table({"account_id": numbers, "subject_id": pc.binary_join_element_wise("a1_", digits, "")})


def transactions(load: Load, day: date) -> pa.Table:
    """One row per transaction of `day`, by happened_at."""
    rng = np.random.default_rng([load.seed, 1, day.toordinal()])
    rows = load.transactions_a_day
    # Sorted draws find their place in the cumulated rates without leaving the cache.
    account = np.searchsorted(_cumulated_rates(load), np.sort(rng.random(rows)), side="right").astype(
        np.int64
    )
    account = np.minimum(account, load.accounts - 1)
    rng.shuffle(account)
    # Rows are in order of time: an account that comes again does so within the last hundredth of the day's rows.
    again = np.flatnonzero(rng.random(rows) < BURST_SHARE)
    back = 1 + (rng.random(len(again)) * rows / 100).astype(np.int64)
    account[again] = account[np.maximum(again - back, 0)]
    counterparty, kind, incoming = _counterparties(load, rng, account)
    table = {
        "account_id": account,
        "counterparty_id": counterparty,
        "direction": pa.DictionaryArray.from_arrays(
            pa.array(incoming.astype(np.int8)), pa.array(["out", "in"])
        ).cast(pa.string()),
        "amount": _amounts(rng, kind),
        "happened_at": np.datetime64(day, "us") + _seconds(rng, rows).astype("timedelta64[s]"),
        "known_as_of": _known(load, rng, day),
    }
    return pa.table(table, schema=SCHEMA)


@lru_cache(maxsize=2)
def _cumulated_rates(load: Load) -> np.ndarray:
    """Cumulated share of all transactions, by account."""
    rates = np.random.default_rng([load.seed, 0]).lognormal(0.0, RATE_SIGMA, load.accounts)
    cumulated = np.cumsum(rates)
    return cumulated / cumulated[-1]


def _counterparties(load: Load, rng: np.random.Generator, account: np.ndarray) -> tuple[np.ndarray, ...]:
    """Counterparty, its kind and whether money comes in, per row.

    Numbers below `accounts` are accounts of this bank; up to three times that, people elsewhere; then employers,
    then merchants, of whom few are known to many.
    """
    rows = len(account)
    circle = 3 + _mixed(account.astype(np.uint64) + np.uint64(load.seed << 40)) % np.uint64(16)
    place = (circle * rng.random(rows) ** 2).astype(np.uint64)  # the first of the circle are met most
    own = _mixed((account.astype(np.uint64) << np.uint64(5)) + place + np.uint64(load.seed << 48))
    new = rng.random(rows) < NEW_SHARE
    who = np.where(new, rng.integers(0, 2**63, rows, dtype=np.uint64), own)
    share = (who >> np.uint64(40)) / 2**24
    kind = np.where(
        (place == 0) & ~new & (who % np.uint64(3) > 0), EMPLOYER, np.where(share < 0.55, MERCHANT, PERSON)
    )
    place_in_kind = (_mixed(who) >> np.uint64(11)) / 2**53
    employers, merchants = max(load.accounts // 40, 5), max(load.accounts // 60, 20)
    counterparty = np.select(
        [kind == EMPLOYER, kind == MERCHANT],
        [
            3 * load.accounts + (employers * place_in_kind).astype(np.int64),
            3 * load.accounts + employers + (merchants * place_in_kind**3).astype(np.int64),
        ],
        (3 * load.accounts * place_in_kind).astype(np.int64),
    )
    counterparty[counterparty == account] += 1
    leaning = np.array([0.2, 0.5, 0.8])[(who % np.uint64(7) % np.uint64(3)).astype(np.int64)]
    chance = np.select([kind == EMPLOYER, kind == MERCHANT], [1.0, 0.03], leaning)
    return counterparty, kind, rng.random(rows) < chance


def _amounts(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    """Cents; half of what people pay each other is in hundreds of yuan, a third of purchases in whole yuan."""
    amount = np.exp(MEDIAN[kind] + SPREAD[kind] * rng.standard_normal(len(kind))).astype(np.int64)
    chance = rng.random(len(kind))
    unit = np.where((kind == PERSON) & (chance < 0.5), 10_000, np.where(chance < 0.33, 100, 1))
    return np.clip(np.where(amount >= unit, amount // unit * unit, amount), 1, MOST)


def _seconds(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Seconds since midnight, ascending, as busy as the hours of a day are."""
    cumulated = np.concatenate(([0], np.cumsum(HOURS))) / sum(HOURS)
    return np.interp(np.sort(rng.random(rows)), cumulated, np.arange(25) * 3600).astype(np.int64)


def _known(load: Load, rng: np.random.Generator, day: date) -> np.ndarray:
    """Days since 1970: the morning after, or one to five mornings later."""
    late = rng.random(load.transactions_a_day) < load.late_share
    more = np.where(late, rng.integers(1, 6, load.transactions_a_day), 0)
    return (np.datetime64(day + timedelta(days=1), "D") + more).astype("datetime64[D]")


def _mixed(number: np.ndarray) -> np.ndarray:
    """Well spread 64 bits of each number (splitmix64)."""
    number = (number + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _write(table: pa.Table, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    pq.write_table(table, part, compression="zstd", compression_level=1, row_group_size=500_000)
    part.replace(file)


def main(arguments: list[str] | None = None) -> int:
    """Write a load; parameters beside `--size` override it."""
    parser = argparse.ArgumentParser(description="Daily Parquet files for the feature benchmark.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--first", type=date.fromisoformat, default=FIRST_DAY, metavar="YYYY-MM-DD")
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--transactions-a-day", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--late-share", type=float)
    given = parser.parse_args(arguments)
    changes = {key: value for key in asdict(SIZES["tiny"]) if (value := getattr(given, key)) is not None}
    load = Load(**(asdict(SIZES[given.size]) | changes))
    try:
        written = write_load(given.folder, load, given.days, given.first, progress=True)
    except UsageError as error:
        print(f"load: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{written} daily files written to {given.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
