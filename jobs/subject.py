"""One subject's features of a morning beside what is normal: among its peers, and in its own days before."""

from datetime import date
from typing import TYPE_CHECKING, Any

from conf.settings import Settings

if TYPE_CHECKING:
    from review.explain import FeaturesOf


def features_of(settings: Settings) -> "FeaturesOf":
    """How `review.explain` gets the features of a subject of a kind, in the language of the settings."""

    def told(kind: str, subject: str, as_of: date) -> list[dict[str, Any]]:
        return subject_features(settings, f"{kind}_features", subject, as_of)

    return told


def subject_features(settings: Settings, table: str, subject: str, as_of: date) -> list[dict[str, Any]]:
    """One entry per indicator in the order of the table; none where the subject or the morning has no row.

    `name`, `words`, `unit`, `value`; `own`: its own normal; `peers`, `peers_p90`: median and 90th percentile of its
    class, `peer_class`, `fallback`: the wider class whose figures these are. What is not known is None.
    """
    from features.catalogue import FEATURE_TABLES
    from features.normals import own_normals
    from jobs.loaders import load_features
    from jobs.normals import peers_of
    from lake.reader import days_of

    if as_of not in days_of(settings, table):
        return []
    found = load_features(settings, table, as_of, subjects=[subject], as_="polars")
    if found.frame.is_empty():
        return []
    (row,) = found.frame.to_dicts()
    (own,) = own_normals(found.frame, FEATURE_TABLES[table]).to_dicts()
    among = {one["indicator"]: one for one in peers_of(settings, table, as_of, [subject]).to_dicts()}
    entries = []
    for name, about in found.dictionary.items():
        peers = among.get(name, {})
        entries.append(
            {
                "name": name,
                "words": about["zh" if settings.language == "zh" else "en"],
                "unit": about["unit"],
                "value": row[name],
                "own": own.get(name),
                "peers": peers.get("median"),
                "peers_p90": peers.get("p90"),
                "peer_class": peers.get("peer_class"),
                "fallback": peers.get("fallback"),
            }
        )
    return entries
