"""Counties, cells, branches, dealers and shops, and the tables in which they land."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.arrow import constant, nulled, nulls, number, pick
from demo.names import county_names, people
from demo.profile import Profile
from demo.rng import stream

LEVELS = ("省行", "二级行", "网点")


@dataclass(frozen=True)
class Places:
    """Where things are; every other module refers to places by position in these arrays."""

    county_code: pa.Array
    county_name: pa.Array
    cell_county: np.ndarray  # sorted, so that the cells of a county are a range
    cell_first: np.ndarray  # first cell of a county
    cell_count: np.ndarray
    cell_id: pa.Array
    branch_county: np.ndarray
    branch_no: pa.Array
    shop_dealer: np.ndarray
    shop_county: np.ndarray
    tables: dict[str, pa.Table]  # branches, cells, dealers, shops as they land

    def cells_of(self, county: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """A cell of each county; `chance` in [0, 1) says which."""
        return self.cell_first[county] + (chance * self.cell_count[county]).astype(np.int64)


def build_places(profile: Profile, size: dict[str, Any], seed: int) -> Places:
    """Lay out the province of a size."""
    rng = stream(seed, "places")
    counties = size["counties"]
    code = pa.array([f"16{1 + i // 20:02d}{1 + i % 20:02d}" for i in range(counties)])
    names = county_names(counties)
    cell_county = np.sort(np.r_[np.arange(counties), rng.integers(0, counties, size["cells"] - counties)])
    centre = rng.random((counties, 2)) * [4.6, 5.6] + [19.2, -43.8]  # the open Atlantic
    border = rng.random(counties) < 0.15
    cell_id = pc.binary_join_element_wise("00101", number(np.arange(size["cells"]), 7), "")
    first = np.searchsorted(cell_county, np.arange(counties))
    branch_no, branches, branch_county = _branches(size, rng, code, names)
    shop_dealer = rng.integers(0, size["dealers"], size["shops"])
    shop_county = rng.integers(0, counties, size["shops"])
    where = centre[cell_county] + rng.normal(0, 0.06, (size["cells"], 2))
    unknown = rng.random(size["cells"]) < profile["dirt"]["no_position"]
    cells = pa.table(
        {
            "cell_id": cell_id,
            "county": pick(code, cell_county),
            "kind": pick(("宏站", "室分"), (rng.random(size["cells"]) < 0.2).astype(int)),
            "lat": nulled(pa.array(where[:, 0].round(5)), unknown),
            "lon": nulled(pa.array(where[:, 1].round(5)), unknown),
            "radius_m": pa.array(rng.integers(2, 30, size["cells"]) * 100, pa.int32()),
            "at_border": pa.array(border[cell_county]),
        }
    )
    spot = centre[shop_county] + rng.normal(0, 0.04, (size["shops"], 2))
    shops = pa.table(
        {
            "shop_id": number(np.arange(size["shops"]) + 1, 6, "S"),
            "dealer_id": number(shop_dealer + 1, 5, "D"),
            "name": pc.binary_join_element_wise(people(np.arange(size["shops"]) + 10**6), "通讯店", ""),
            "county": pick(code, shop_county),
            "lat": pa.array(spot[:, 0].round(5)),
            "lon": pa.array(spot[:, 1].round(5)),
            "at_border": pa.array(border[shop_county]),
        }
    )
    dealer_keys = np.arange(size["dealers"])
    dealers = pa.table(
        {
            "dealer_id": number(dealer_keys + 1, 5, "D"),
            "name": pc.binary_join_element_wise("云屿市", people(dealer_keys + 2 * 10**6), "通信代理", ""),
            "level": pick(("一级", "二级"), (rng.random(size["dealers"]) < 0.6).astype(int)),
            "county": pick(code, rng.integers(0, counties, size["dealers"])),
        }
    )
    return Places(
        code,
        names,
        cell_county,
        first,
        np.diff(np.r_[first, size["cells"]]),
        cell_id,
        branch_county,
        branch_no,
        shop_dealer,
        shop_county,
        {"branches": branches, "cells": cells, "dealers": dealers, "shops": shops},
    )


def _branches(
    size: dict[str, Any], rng: np.random.Generator, code: pa.Array, names: pa.Array
) -> tuple[pa.Array, pa.Table, np.ndarray]:
    """Branch numbers of the counters, the table of all offices, and the county of each counter."""
    second, counters = size["second_level"], size["branches"]
    county = np.r_[
        np.arange(min(counters, len(code))), rng.integers(0, len(code), max(0, counters - len(code)))
    ]
    parent = county * second // len(code)
    middle = [f"{90000 + 1 + i:05d}" for i in range(second)]
    leaf = [f"{91000 + i:05d}" for i in range(counters)]
    rows = len(middle) + len(leaf) + 1
    place = [names[int(c)].as_py() for c in county]
    seat = [int(np.argmax(parent == i)) for i in range(second)]
    table = pa.table(
        {
            "branch_no": pa.array(["90000", *middle, *leaf]),
            "name": pa.array(
                [
                    "云屿银行省分行",
                    *[f"云屿银行第{i + 1}分行" for i in range(second)],
                    *[f"云屿银行{p[3:]}{i + 1:03d}支行" for i, p in enumerate(place)],
                ]
            ),
            "parent_no": pa.array([None, *["90000"] * second, *[middle[p] for p in parent]]),
            "level": pick(LEVELS, np.r_[0, np.ones(second, int), np.full(counters, 2)]),
            "county": pick(code, np.r_[0, county[seat], county]),
            "position": pa.array(["", *[""] * second, *[f"{p}临街" for p in place]]),
            "valid_from": constant("2010-01-01", rows),
            "valid_to": nulls(rows),
        }
    )
    return pa.array(leaf), table, county
