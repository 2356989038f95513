"""Why a row is on the list: what raised its score most, in sentences with the number and what is normal."""

import math
from typing import TYPE_CHECKING

from data_contracts.types import polars_type
from features.catalogue import FEATURE_TABLES, indicators_of
from features.indicator import Indicator
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
UNKNOWN = {"zh": "未知", "en": "unknown"}
YES_NO = {"zh": ("否", "是"), "en": ("no", "yes")}


def told(features: "pl.DataFrame", model: Bundle, language: str) -> "pl.DataFrame":
    """`subject_id` of each row plus `reasons` and `not_evaluable`.

    `reasons`: at most five indicators that raise the score, strongest first, each measure once: code (the
    indicator), a sentence in `language`, the value. `not_evaluable` (list of text): words of the inputs that
    are unknown although "nothing happened" would have a value, so a feed was missing. Costs about ten times a
    prediction: give it listed rows only. Raises RiskvaneError when features are missing.
    """
    import polars as pl

    reasons, unknown = explain(inputs(features, model), model, language)
    names = features["subject_id"]
    return pl.DataFrame(
        {"subject_id": names, "reasons": reasons, "not_evaluable": unknown},
        schema={
            "subject_id": pl.String,
            "reasons": polars_type(REASONS),
            "not_evaluable": pl.List(pl.String),
        },
    )


def explain(
    values: "np.ndarray", model: Bundle, language: str
) -> tuple[list[list[dict[str, str]]], list[list[str]]]:
    """Reasons and not evaluable inputs of each row of `values` (the model's features as doubles in their order)."""
    import numpy as np

    known = {i.name: i for i in _indicators(model)}
    if not len(values):
        return [], []
    parts = np.asarray(model.booster.predict(values, pred_contrib=True))[:, :-1]
    reasons, unknown = [], []
    for row, part in zip(values.tolist(), parts, strict=True):
        found: dict[str, dict[str, str]] = {}
        # Equal parts keep the order of the features, so that a rerun says the same.
        for n in sorted(range(len(part)), key=lambda n: (-part[n], n)):
            if part[n] <= 0 or len(found) == MOST_REASONS:
                break
            indicator = known[model.features[n]]
            found.setdefault(
                indicator.measure, reason(indicator, row[n], model.normals[indicator.name], language)
            )
        reasons.append(list(found.values()))
        empty = [known[name] for name, value in zip(model.features, row, strict=True) if math.isnan(value)]
        unknown.append([words(i, language) for i in empty if i.empty is not None])
    return reasons, unknown


def reason(indicator: Indicator, value: float, normal: float | None, language: str) -> dict[str, str]:
    """One reason: code, sentence, value with its unit."""
    shown = shown_value(indicator, value, language)
    usual = shown_value(indicator, math.nan if normal is None else normal, language)
    sentence = indicator.sentence_zh if language == "zh" else indicator.sentence_en
    text = sentence.format(words=words(indicator, language), value=shown, normal=usual)
    return {"code": indicator.name, "text": text, "value": shown}


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
