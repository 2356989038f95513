"""The numbers of the world, read from `world.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from conf.errors import UsageError


@dataclass(frozen=True)
class Profile:
    """All rates and distributions; `schemes=False` is the same province without any crime."""

    numbers: Mapping[str, Any]
    schemes: bool = True

    @property
    def version(self) -> str:
        """Version of the numbers; benchmarks name it."""
        return self.numbers["version"]

    def __getitem__(self, section: str) -> Any:
        return self.numbers[section]

    def size(self, name: str) -> Mapping[str, Any]:
        """Figures of one size.

        Raises:
            UsageError: the size is unknown.
        """
        sizes = self.numbers["sizes"]
        if name not in sizes:
            raise UsageError(f"unknown size {name!r}; choose one of {', '.join(sizes)}")
        return sizes[name]

    def without_schemes(self) -> "Profile":
        """The same people, nobody does harm."""
        return replace(self, schemes=False)


@cache
def load_profile() -> Profile:
    """The shipped profile, `demo/world.yaml`."""
    text = Path(__file__).with_name("world.yaml").read_text(encoding="utf-8")
    return Profile(yaml.safe_load(text))
