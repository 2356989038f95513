"""Register, gate, aliases, and that what is loaded is what was registered."""

from dataclasses import replace
from pathlib import Path

import pytest

from conf.errors import RiskvaneError
from models import registry
from models.registry import CHALLENGER, CHAMPION, PREVIOUS


def test_a_version_serves_only_after_the_gate_and_a_worse_one_never_does(settings, spec, bundle):
    assert registry.load(settings, spec.name) is None  # a fresh registry is no error
    with pytest.raises(RiskvaneError, match="has no challenger"):
        registry.gate(settings, spec.name)

    first = registry.register(settings, spec, bundle, {})
    assert (first.version, registry.load(settings, spec.name)) == ("1", None)
    assert registry.gate(settings, spec.name).promoted
    assert registry.load(settings, spec.name).to_json() == bundle.to_json()
    assert registry.gate(settings, spec.name).reason == "is the champion already"

    worse = bundle.metrics | {"average_precision": bundle.metrics["average_precision"] - 0.1}
    registry.register(settings, spec, replace(bundle, metrics=worse), bundle.metrics)
    verdict = registry.gate(settings, spec.name)
    assert not verdict.promoted
    assert "is worse than the champion's" in verdict.reason
    tags = registry.client(settings).get_model_version(spec.name, "2").tags
    assert tags["gate"] == f"not promoted: {verdict.reason}"
    assert registry.load(settings, spec.name).version == "1"

    registry.register(settings, spec, bundle, bundle.metrics)  # as good as the champion
    assert registry.gate(settings, spec.name).promoted
    versions = {
        alias: registry.load(settings, spec.name, alias).version for alias in (CHAMPION, CHALLENGER, PREVIOUS)
    }
    assert versions == {CHAMPION: "3", CHALLENGER: "3", PREVIOUS: "1"}

    text = next(Path(settings.mlflow_artifacts).rglob("model.lgb"))
    text.write_text(text.read_text() + "\n")
    with pytest.raises(RiskvaneError, match="SHA-256"):
        [registry.load_version(settings, spec.name, v) for v in ("1", "2", "3")]
    assert not list(Path(settings.mlflow_artifacts).rglob("*.pkl"))
