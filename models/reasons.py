"""Why a row is on the list: what raised its score most, in sentences with the number and what is normal."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_contracts.types import polars_type
from features.catalogue import FEATURE_TABLES, indicators_of
from features.indicator import SENTENCE_EN, SENTENCE_ZH, Indicator
from features.normals import own_normals
from models.bundle import Bundle
from models.scoring import inputs
from models.specs import MODEL_SPECS

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

MOST_REASONS = 5
REASONS = "array<struct<code:string,text:string,value:string>>"
UNITS_ZH = {
    "transactions": "笔", "payments": "笔", "yuan": "元", "counterparties": "个", "devices": "台", "addresses": "个",
    "counties": "个", "days": "天", "minutes": "分钟", "accounts": "个", "customers": "人", "logins": "次",
    "years": "岁", "calls": "次", "numbers": "个", "seconds": "秒", "messages": "条", "handsets": "台",
    "cells": "个", "cards": "张", "times": "倍", "MB": "MB", "level": "", "nats": "", "yuan a day": "元/天",
    "calls a day": "次/天", "transactions a day": "笔/天", "yuan squared": "元²", "occurrences": "次", "channels": "个",
    "networks": "个", "countries": "个", "services": "种", "handset models": "种", "app classes": "类",
    "access points": "个",
}  # fmt: skip
# Where peers, or peers and own days before, say what is normal.
PEERS = {"account": {"zh": "同类客户", "en": "peers"}, "card": {"zh": "同类号卡", "en": "peers"}}
SENTENCES = {"zh": SENTENCE_ZH, "en": SENTENCE_EN}
OF_PEERS = {
    "zh": "{words}{value}（{peers}通常为{normal}）",
    "en": "{words}: {value} ({peers} normally {normal})",
}
OF_BOTH = {
    "zh": "{words}{value}（自己平时{own}，{peers}{normal}）",
    "en": "{words}: {value} (itself normally {own}, {peers} {normal})",
}
OF_ITSELF = {
    "zh": "{words}{value}（自己平时{own}，通常为{normal}）",
    "en": "{words}: {value} (itself normally {own}, others {normal})",
}
UNKNOWN = {"zh": "未知", "en": "unknown"}
YES_NO = {"zh": ("否", "是"), "en": ("no", "yes")}


@dataclass(frozen=True)
class Usual:
    """What is normal for one subject, by indicator: among its peers, and in its own days before."""

    peers: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, float] = field(default_factory=dict)


def told(
    features: "pl.DataFrame", model: Bundle, language: str, peers: "pl.DataFrame | None" = None
) -> "pl.DataFrame":
    """`subject_id` of each row plus `reasons` and `not_evaluable`.

    `reasons`: at most five indicators that raise the score, strongest first, each measure once: code (the
    indicator), a sentence in `language`, the value. `not_evaluable` (list of text): words of the inputs that
    are unknown although "nothing happened" would have a value, so a feed was missing. `peers` holds `subject_id`,
    `indicator` and `median` of the subject's class; without it the sentences name the median of the training. Costs
    about ten times a prediction: give it listed rows only. Raises RiskvaneError when features are missing.
    """
    import polars as pl

    reasons, unknown = explain(inputs(features, model), model, language, usuals(features, model, peers))
    names = features["subject_id"]
    return pl.DataFrame(
        {"subject_id": names, "reasons": reasons, "not_evaluable": unknown},
        schema={
            "subject_id": pl.String,
            "reasons": polars_type(REASONS),
            "not_evaluable": pl.List(pl.String),
        },
    )


def usuals(features: "pl.DataFrame", model: Bundle, peers: "pl.DataFrame | None" = None) -> list[Usual]:
    """What is normal for the subject of each row of `features`; see `told`."""
    spec = MODEL_SPECS.get(model.name)
    among: dict[str, dict[str, float]] = {}
    if peers is not None:
        known = peers.drop_nulls("median").select("subject_id", "indicator", "median")
        for subject, indicator, median in known.iter_rows():
            among.setdefault(subject, {})[indicator] = median
    own = own_normals(features, FEATURE_TABLES[spec.feature_table]) if spec else features.select("subject_id")
    return [
        Usual(among.get(name, {}), {k: v for k, v in row.items() if v is not None})
        for name, row in zip(own["subject_id"], own.drop("subject_id").to_dicts(), strict=True)
    ]


def explain(
    values: "np.ndarray", model: Bundle, language: str, usual: Sequence[Usual] | None = None
) -> tuple[list[list[dict[str, str]]], list[list[str]]]:
    """Reasons and not evaluable inputs of each row of `values` (the model's features as doubles in their order)."""
    import numpy as np

    known = {i.name: i for i in _indicators(model)}
    if not len(values):
        return [], []
    kind = MODEL_SPECS[model.name].subject_kind if model.name in MODEL_SPECS else "account"
    parts = np.asarray(model.booster.predict(values, pred_contrib=True))[:, :-1]
    reasons, unknown = [], []
    for row, part, is_usual in zip(values.tolist(), parts, usual or [Usual()] * len(values), strict=True):
        found: dict[str, dict[str, str]] = {}
        # Equal parts keep the order of the features, so that a rerun says the same.
        for n in sorted(range(len(part)), key=lambda n: (-part[n], n)):
            if part[n] <= 0 or len(found) == MOST_REASONS:
                break
            indicator = known[model.features[n]]
            if indicator.measure not in found:
                trained = model.normals[indicator.name]
                found[indicator.measure] = reason(indicator, row[n], trained, language, is_usual, kind)
        reasons.append(list(found.values()))
        empty = [known[name] for name, value in zip(model.features, row, strict=True) if math.isnan(value)]
        unknown.append([words(i, language) for i in empty if i.empty is not None])
    return reasons, unknown


def reason(
    indicator: Indicator,
    value: float,
    trained: float | None,
    language: str,
    usual: Usual,
    kind: str = "account",
) -> dict[str, str]:
    """One reason: code, sentence, value with its unit.

    Normal is what is among the peers, where the morning tells, else the median of the training (`trained`); the
    subject's own days before are named beside it, where its indicator has any. An indicator with a sentence of its own
    keeps it.
    """
    peers, own = usual.peers.get(indicator.name), usual.own.get(indicator.name)
    normal = trained if peers is None else peers
    shown = shown_value(indicator, value, language)
    text = _sentence(indicator, language, peers is not None, own is not None).format(
        words=words(indicator, language),
        value=shown,
        normal=shown_value(indicator, math.nan if normal is None else normal, language),
        own=shown_value(indicator, math.nan if own is None else own, language),
        peers=PEERS[kind][language],
    )
    return {"code": indicator.name, "text": text, "value": shown}


def _sentence(indicator: Indicator, language: str, has_peers: bool, has_own: bool) -> str:
    declared = indicator.sentence_zh if language == "zh" else indicator.sentence_en
    if declared != SENTENCES[language]:
        return declared
    if has_own:
        return OF_BOTH[language] if has_peers else OF_ITSELF[language]
    return OF_PEERS[language] if has_peers else declared


def words(indicator: Indicator, language: str) -> str:
    """The indicator's name for people."""
    return indicator.zh if language == "zh" else indicator.en


def shown_value(indicator: Indicator, value: float, language: str) -> str:
    """A value as people write it: shares in percent, yes or no, money with two decimals, others as short as can be."""
    if math.isnan(value):
        return UNKNOWN[language]
    if indicator.unit == "yes or no":
        return YES_NO[language][round(value)]
    if indicator.unit == "ratio":
        return f"{value:.0%}"
    digits = 2 if indicator.unit in ("yuan", "nats", "yuan a day") else 1
    number = f"{round(value, digits) + 0.0:,.{digits}f}".removesuffix(".0")  # + 0.0 makes -0.0 plain
    if language == "zh":
        return number + UNITS_ZH[indicator.unit]
    unit = "x" if indicator.unit == "times" else "" if indicator.unit == "level" else indicator.unit
    return f"{number} {unit}".rstrip()


def _indicators(model: Bundle) -> tuple[Indicator, ...]:
    spec = MODEL_SPECS.get(model.name)
    tables = [spec.feature_table] if spec else list(FEATURE_TABLES)
    return tuple(i for table in tables for i in indicators_of(table))
