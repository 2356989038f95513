"""The recompute of the last days as SQL that DuckDB and Spark both read.

Days fall into as many rings as there are windows; window j is the union of the rings up to j. Counterparties are
exact in two stages: the latest ring of each pair of account and counterparty, then counts of pairs per account.
Sums of squares are exact in 64 bits because amounts are at most `load.MOST` cents; the spread is taken around the
whole mean, so nothing cancels.
"""

from datetime import date

from benchmarks.features.windows import ring_starts

RING_SUMS = """
SELECT account_id, ring, count(*) AS n, CAST(sum(amount) AS BIGINT) AS total,
       CAST(coalesce(sum(amount) FILTER (WHERE incoming), 0) AS BIGINT) AS total_in,
       CAST(sum(amount * amount) AS BIGINT) AS squares, min(amount) AS low, max(amount) AS high,
       count(*) FILTER (WHERE at_night) AS nights
FROM legs GROUP BY account_id, ring"""
PAIRS = """
SELECT account_id, counterparty_id, min(ring) FILTER (WHERE incoming) AS ring_in,
       min(ring) FILTER (WHERE NOT incoming) AS ring_out
FROM legs GROUP BY account_id, counterparty_id"""


def legs(source: str, windows: tuple[int, ...], as_of: date, hint: str = "") -> str:
    """One row per transaction that was known by `as_of`, with its ring."""
    starts = ring_starts(windows, as_of)
    cases = " ".join(f"WHEN event_date >= DATE '{start}' THEN {ring}" for ring, start in enumerate(starts))
    return f"""
SELECT {hint} account_id, counterparty_id, amount, direction = 'in' AS incoming, hour(happened_at) < 5 AS at_night,
       CAST(CASE {cases} END AS TINYINT) AS ring
FROM {source} WHERE known_as_of <= DATE '{as_of}' AND event_date >= DATE '{starts[-1]}'
  AND event_date < DATE '{as_of}'"""


def distincts(windows: tuple[int, ...]) -> str:
    """One row per account of `pairs`: counterparties, payers and payees of each window, exact."""
    counts = [
        f"count(*) FILTER (WHERE {ring} <= {j}) AS {name}_{days}d"
        for j, days in enumerate(windows)
        for name, ring in (
            ("counterparty_count", "least(ring_in, ring_out)"),
            ("payer_count", "ring_in"),
            ("payee_count", "ring_out"),
        )
    ]
    return f"SELECT account_id, {', '.join(counts)} FROM pairs GROUP BY account_id"


def features(windows: tuple[int, ...]) -> str:
    """Feature columns of one row of `sums`: n0, total0, ... of the windows, and the counts of `distincts`."""
    found = []
    for j, days in enumerate(windows):
        count, whole = f"nullif(n{j}, 0)", f"mean{j}"
        smaller, larger = (f"{f}(total_in{j}, total{j} - total_in{j})" for f in ("least", "greatest"))
        squares = f"(squares{j} - 2 * {whole} * total{j} + n{j} * {whole} * {whole})"
        rest = f"(CAST(total{j} - n{j} * {whole} AS DOUBLE) / {count})"
        found += [
            f"n{j} AS count_{days}d",
            f"total{j} AS amount_sum_{days}d",
            f"CAST(total{j} AS DOUBLE) / {count} AS amount_mean_{days}d",
            f"sqrt(CAST({squares} AS DOUBLE) / {count} - {rest} * {rest}) AS amount_spread_{days}d",
            f"low{j} AS amount_min_{days}d",
            f"high{j} AS amount_max_{days}d",
            f"CAST(nights{j} AS DOUBLE) / {count} AS night_share_{days}d",
            f"CAST({smaller} AS DOUBLE) / nullif({larger}, 0) AS pass_share_{days}d",
            *(f"{name}_count_{days}d" for name in ("counterparty", "payer", "payee")),
        ]
    return ",\n".join(found)


def whole_means(windows: tuple[int, ...], divide: str) -> str:
    """Means cut to whole cents; `divide` is the dialect's division of whole numbers."""
    return ", ".join(f"total{j} {divide} nullif(n{j}, 0) AS mean{j}" for j in range(len(windows)))


def sums_by_filter(windows: tuple[int, ...]) -> str:
    """One row per account: sums of each window, straight from `legs`. Spark's way: grouping by ring first costs it
    a second hash table and more compiling than it saves.
    """
    found = []
    for j in range(len(windows)):
        found += [
            f"count(*) FILTER (WHERE ring <= {j}) AS n{j}",
            f"coalesce(sum(amount) FILTER (WHERE ring <= {j}), 0) AS total{j}",
            f"coalesce(sum(amount) FILTER (WHERE incoming AND ring <= {j}), 0) AS total_in{j}",
            f"coalesce(sum(amount * amount) FILTER (WHERE ring <= {j}), 0) AS squares{j}",
            f"count(*) FILTER (WHERE at_night AND ring <= {j}) AS nights{j}",
            f"min(amount) FILTER (WHERE ring <= {j}) AS low{j}",
            f"max(amount) FILTER (WHERE ring <= {j}) AS high{j}",
        ]
    return f"SELECT account_id, {', '.join(found)} FROM legs GROUP BY account_id"


def sums_by_join(windows: tuple[int, ...]) -> str:
    """One row per account: sums of each window, from `rings` laid side by side. DuckDB's way: 50 aggregates under a
    filter cost it more than six joins.
    """
    rings = range(len(windows))
    found = []
    for j in rings:
        for name in ("n", "total", "total_in", "squares", "nights"):
            terms = " + ".join(f"coalesce(ring{k}.{name}, 0)" for k in range(j + 1))
            found.append(f"{terms} AS {name}{j}")
        for name, pick in (("low", "least"), ("high", "greatest")):
            found.append(f"{pick}({', '.join(f'ring{k}.{name}' for k in range(j + 1))}) AS {name}{j}")
    joins = "".join(
        f" LEFT JOIN (SELECT * FROM rings WHERE ring = {j}) ring{j} ON ring{j}.account_id = distincts.account_id"
        for j in rings
    )
    return f"SELECT distincts.*, {', '.join(found)} FROM distincts {joins}"
