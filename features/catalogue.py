"""All indicators by feature table: those of the code and those that analysts declared."""

from features.accounts import ACCOUNT_FEATURES
from features.cards import CARD_FEATURES
from features.declared import with_declared
from features.indicator import Indicator
from features.table import FeatureTable

FEATURE_TABLES: dict[str, FeatureTable] = with_declared((ACCOUNT_FEATURES, CARD_FEATURES))


def indicators_of(table: str) -> tuple[Indicator, ...]:
    """The indicators of one feature table in the order of its columns."""
    return FEATURE_TABLES[table].indicators
