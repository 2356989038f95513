"""All indicators by feature table."""

from features.accounts import ACCOUNT_GROUPS, ACCOUNT_LOOK_BACK
from features.cards import CARD_GROUPS, CARD_LOOK_BACK
from features.indicator import FeatureGroup, Indicator, indicators

FEATURE_GROUPS: dict[str, tuple[FeatureGroup, ...]] = {
    "account_features": ACCOUNT_GROUPS,
    "card_features": CARD_GROUPS,
}
LOOK_BACK = {"account_features": ACCOUNT_LOOK_BACK, "card_features": CARD_LOOK_BACK}


def indicators_of(table: str) -> tuple[Indicator, ...]:
    """The indicators of one feature table in the order of its columns."""
    return indicators(FEATURE_GROUPS[table])
