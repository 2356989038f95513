"""All indicators by feature table."""

from features.accounts import ACCOUNT_FEATURES
from features.cards import CARD_FEATURES
from features.indicator import Indicator
from features.table import FeatureTable

FEATURE_TABLES: dict[str, FeatureTable] = {t.name: t for t in (ACCOUNT_FEATURES, CARD_FEATURES)}


def indicators_of(table: str) -> tuple[Indicator, ...]:
    """The indicators of one feature table in the order of its columns."""
    return FEATURE_TABLES[table].indicators
