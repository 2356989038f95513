"""What the DAGs hand to each other; a run that writes one of these carries its morning as partition key."""

from airflow.sdk import Asset

ACCOUNT_FEATURES = Asset("features/account_features")
CARD_FEATURES = Asset("features/card_features")
NIGHTLY_LISTS = Asset("lists/nightly")
SCREENING_LISTS = Asset("lists/screening")
CHAMPIONS = Asset("models/champions")
