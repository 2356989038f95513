"""The models as data: what each learns from what; change this file and the change is in the diff."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from features.catalogue import indicators_of

SEED = 20260105
LIGHTGBM: Mapping[str, Any] = {
    "objective": "binary",
    "metric": "average_precision",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 127,
    # The next four make equal rows give equal text, on any number of cores.
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "seed": SEED,
    "verbosity": -1,
}


@dataclass(frozen=True)
class LabelRule:
    """When a feature row counts as positive.

    `confirmed`: a positive label of the subject becomes known in (as_of, as_of + horizon_days]. Subjects
    confirmed before are left out, and so are rows before the harm where the label tells its day; an answer
    `cleared` makes the row a negative like any other.
    `event_day`: the harm of a positive label lies on the day before `as_of`.
    """

    kind: str  # confirmed or event_day
    delay_days: int  # how long until a day's labels are (mostly) known: the gap of the split
    horizon_days: int = 0


@dataclass(frozen=True)
class ModelSpec:
    """A model as reviewed."""

    name: str  # also the registered name in MLflow
    title_zh: str
    title_en: str
    feature_table: str
    subject_kind: str  # of the labels: account or card
    label: LabelRule
    populations: str  # whom it serves, in words, for the model card
    params: Mapping[str, Any] = field(default_factory=lambda: dict(LIGHTGBM))
    left_out: tuple[str, ...] = ()  # indicators of the table that it must not use
    max_rounds: int = 600
    patience: int = 60  # rounds without a better validation score
    least_positives: int = 3  # subjects in each part; below there is nothing to learn from
    most_negatives: int = 200_000  # rows; more are sampled, their weight restored
    validation_share: float = 0.3  # of the subjects, by hash
    validation_time: float = 0.4  # of the mornings, the latest

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the model's inputs in the order of the feature table."""
        return tuple(i.name for i in indicators_of(self.feature_table) if i.name not in self.left_out)


MODEL_SPECS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec(
            name="accounts",
            title_zh="涉诈账户模型",
            title_en="Accounts used for fraud",
            feature_table="account_features",
            subject_kind="account",
            label=LabelRule("confirmed", delay_days=7, horizon_days=30),
            populations="private and corporate, new and existing accounts share this one model",
        ),
        ModelSpec(
            name="cards",
            title_zh="涉诈号卡模型",
            title_en="Cards used for fraud",
            feature_table="card_features",
            subject_kind="card",
            label=LabelRule("confirmed", delay_days=7, horizon_days=30),
            populations="phone and IoT cards, new and existing, share this one model",
        ),
        ModelSpec(
            name="handbook_customers",
            title_zh="欺诈检测手册客户模型",
            title_en="Customers of the fraud-detection handbook",
            feature_table="account_features",
            subject_kind="account",
            # The handbook's protocol: a day's frauds are known exactly seven days later.
            label=LabelRule("event_day", delay_days=7),
            populations="all customers of the handbook's simulated transactions",
        ),
    )
}
