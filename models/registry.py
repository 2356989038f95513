"""The model registry (MLflow): register, the gate, aliases, and loading what serves.

Aliases: `challenger` is the newest trained version, `champion` the one that scores, `previous` the champion
before it.
"""

import logging
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.errors import RiskvaneError
from conf.settings import Settings
from models.bundle import Bundle
from models.specs import ModelSpec

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
BOOSTER_FILE, BUNDLE_FILE = "model.lgb", "riskvane.json"
CRITERION = "average_precision"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
}
# Anybody who serves the model by MLflow's own means needs just this; naming it also spares MLflow a search.
REQUIREMENTS = ["lightgbm", "numpy", "pandas"]


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, in a sentence."""

    model: str
    version: str
    promoted: bool
    reason: str


def client(settings: Settings) -> "MlflowClient":
    """The registry of this environment, quiet and without telemetry; made on first use."""
    os.environ.update(QUIET)
    import mlflow

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    if settings.mlflow_uri.startswith("sqlite:///"):
        Path(settings.mlflow_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(settings.mlflow_uri)
    mlflow.set_registry_uri(settings.mlflow_uri)
    return mlflow.MlflowClient()


def register(
    settings: Settings, spec: ModelSpec, bundle: Bundle, champion_metrics: dict[str, float]
) -> Bundle:
    """Store `bundle` as a new version with the alias `challenger`; it does not serve yet.

    `champion_metrics` are the serving model's on the same validation rows; the gate compares them.
    """
    registry = client(settings)
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec("double", name, required=False) for name in bundle.features]),
        outputs=Schema([ColSpec("double", "probability")]),
    )
    if mlflow.get_experiment_by_name(spec.name) is None:
        mlflow.create_experiment(
            spec.name, artifact_location=(settings.mlflow_artifacts / spec.name).as_uri()
        )
    mlflow.set_experiment(spec.name)
    with mlflow.start_run(run_name=spec.name), tempfile.TemporaryDirectory() as folder:
        extra = Path(folder, BUNDLE_FILE)
        extra.write_text(bundle.to_json(), encoding="utf-8")
        mlflow.log_params(dict(spec.params) | {"max_rounds": spec.max_rounds, "patience": spec.patience})
        mlflow.log_metrics({f"valid_{name}": value for name, value in bundle.metrics.items()})
        mlflow.log_metrics({f"champion_{name}": value for name, value in champion_metrics.items()})
        stored = mlflow.lightgbm.log_model(
            bundle.booster,
            name=spec.name,
            signature=signature,
            pip_requirements=REQUIREMENTS,
            extra_files=[str(extra)],
        )
    if not registry.search_registered_models(f"name='{spec.name}'"):
        registry.create_registered_model(spec.name)
    created = registry.create_model_version(
        spec.name, stored.model_uri, stored.run_id, model_id=stored.model_id, await_creation_for=0
    )
    version = str(created.version)
    for key, value in _tags(bundle).items():
        registry.set_model_version_tag(spec.name, version, key, value)
    registry.set_registered_model_alias(spec.name, CHALLENGER, version)
    return replace(bundle, version=version)


def gate(settings: Settings, name: str) -> Verdict:
    """Promote the challenger of `name` when it is the first, or ranks no worse than the champion did on the
    challenger's own validation rows; else leave the champion. The version's tag `gate` keeps the verdict.

    Raises RiskvaneError without a challenger.
    """
    registry = client(settings)
    version = _version(registry, name, CHALLENGER)
    if version is None:
        raise RiskvaneError(
            f"model {name} has no challenger; run `riskvane run train --as-of D --flow training`"
        )
    serving = _version(registry, name, CHAMPION)
    if serving is not None and serving.version == version.version:
        return Verdict(name, str(version.version), False, "is the champion already")
    metrics = registry.get_run(version.run_id).data.metrics
    new, old = metrics.get(f"valid_{CRITERION}"), metrics.get(f"champion_{CRITERION}")
    if serving is not None and (new is None or (old is not None and new < old)):
        reason = f"{CRITERION} {new} is worse than the champion's {old} on the same rows"
        verdict = Verdict(name, str(version.version), False, reason)
    else:
        promote(settings, name, str(version.version))
        reason = "first version" if serving is None else f"{CRITERION} {new} against the champion's {old}"
        verdict = Verdict(name, str(version.version), True, reason)
    told = f"{'promoted' if verdict.promoted else 'not promoted'}: {reason}"
    registry.set_model_version_tag(name, verdict.version, "gate", told)
    return verdict


def promote(settings: Settings, name: str, version: str) -> None:
    """Make `version` the champion; the one before becomes `previous`."""
    registry = client(settings)
    serving = _version(registry, name, CHAMPION)
    if serving is not None and str(serving.version) != version:
        registry.set_registered_model_alias(name, PREVIOUS, str(serving.version))
    registry.set_registered_model_alias(name, CHAMPION, version)


def load(settings: Settings, name: str, alias: str = CHAMPION) -> Bundle | None:
    """The model that `alias` points to, its text checked against the registered SHA-256; None without one."""
    registry = client(settings)
    version = _version(registry, name, alias)
    return None if version is None else load_version(settings, name, str(version.version))


def load_version(settings: Settings, name: str, version: str) -> Bundle:
    """One version, as it was registered; raises RiskvaneError when its files were changed or are gone."""
    registry = client(settings)
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        wanted = registry.get_model_version(name, version).tags.get("sha256")
        with tempfile.TemporaryDirectory() as folder:
            found = Path(mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=folder))
            text = (found / BOOSTER_FILE).read_text(encoding="utf-8")
            (about,) = found.rglob(BUNDLE_FILE)
            bundle = Bundle.from_text(text, about.read_text(encoding="utf-8"), version)
    except (MlflowException, OSError, ValueError) as error:
        raise RiskvaneError(
            f"model {name} version {version} cannot be read from the registry: {error}"
        ) from error
    if bundle.sha256 != wanted:
        raise RiskvaneError(
            f"model {name} version {version}: the registry has SHA-256 {wanted}, its file {bundle.sha256}"
        )
    return bundle


def _version(registry: "MlflowClient", name: str, alias: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return registry.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _tags(bundle: Bundle) -> dict[str, str]:
    about = bundle.about
    return {
        "sha256": bundle.sha256,
        "data_version": str(about.get("data_version", "")),
        "cutoff": str(about.get("cutoff", "")),
        "features": str(len(bundle.features)),
        "populations": str(about.get("populations", "")),
        "average_precision": f"{bundle.metrics.get('average_precision', float('nan')):.4f}",
    }
