"""A trained model as text: LightGBM's own format and one JSON beside it; no pickle anywhere."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conf.errors import RiskvaneError
from models.calibration import Calibrator

if TYPE_CHECKING:
    import lightgbm as lgb


@dataclass(frozen=True)
class Bundle:
    """Everything that scoring and reasons need."""

    name: str
    booster_text: str
    features: tuple[str, ...]
    calibrator: Calibrator
    normals: dict[str, float | None]  # median of each feature in the training population
    about: dict[str, Any] = field(default_factory=dict)  # label rule, cut-off, split, data version
    metrics: dict[str, float] = field(default_factory=dict)
    version: str = ""  # of the registry; empty before it is registered

    @property
    def sha256(self) -> str:
        """Hash of the booster's text."""
        return hashlib.sha256(self.booster_text.encode()).hexdigest()

    @cached_property
    def booster(self) -> "lgb.Booster":
        """The booster, read from its text once."""
        import lightgbm as lgb

        return lgb.Booster(model_str=self.booster_text)

    def to_json(self) -> str:
        """All but the booster's text, with the hash of that text."""
        values = asdict(self) | {"sha256": self.sha256}
        del values["booster_text"], values["version"]
        return json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_text(cls, booster_text: str, text: str, version: str) -> "Bundle":
        """Read a bundle back; raises RiskvaneError when the booster is not the one that was registered."""
        values = json.loads(text)
        wanted = values.pop("sha256")
        values["features"] = tuple(values["features"])
        values["calibrator"] = Calibrator(**values["calibrator"])
        bundle = cls(booster_text=booster_text, version=version, **values)
        if bundle.sha256 != wanted:
            raise RiskvaneError(
                f"model {bundle.name} version {version}: wanted SHA-256 {wanted} of its text, found"
                f" {bundle.sha256}; the stored file was changed, train again or roll back"
            )
        return bundle
