"""The words of workbooks and page: `words.yaml` holds each phrase in Chinese and English side by side."""

from functools import cache
from pathlib import Path

import yaml

from conf.errors import UsageError

LANGUAGES = ("zh", "en")


class Words(dict[str, str]):
    """Phrases of one language by key; a value of a table (label, customer type) has a phrase of its own."""

    def of(self, kind: str, value: str | None) -> str:
        """The words for `value` of a kind (`label`, `customer_type`...); the value itself where there are none."""
        return self.get(f"{kind}.{value}", value or "")


@cache
def words(language: str) -> Words:
    """All phrases in `language` (zh or en). Raises UsageError for another language or an incomplete file."""
    if language not in LANGUAGES:
        raise UsageError(f"language: wanted one of {', '.join(LANGUAGES)}; found {language!r}")
    phrases = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text(encoding="utf-8"))
    if bad := sorted(key for key, entry in phrases.items() if set(entry) != set(LANGUAGES)):
        raise UsageError(f"review/words.yaml: phrases {bad} need exactly {', '.join(LANGUAGES)}")
    return Words({key: entry[language] for key, entry in phrases.items()})
