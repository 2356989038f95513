"""How good a ranking and its probabilities are, on rows whose sampling weights are restored."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TOPS = (20, 50, 100)


def evaluate(
    probability: "np.ndarray", label: "np.ndarray", weight: "np.ndarray", mornings: "np.ndarray"
) -> dict[str, float]:
    """AUC, average precision, Brier score, precision among the first k of a morning (mean over mornings).

    Empty when one of the classes is missing: then nothing can be said.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    if label.min(initial=1) == label.max(initial=0):
        return {}
    found = {
        "auc": roc_auc_score(label, probability, sample_weight=weight),
        "average_precision": average_precision_score(label, probability, sample_weight=weight),
        "brier": brier_score_loss(label, probability, sample_weight=weight),
        "prevalence": np.average(label, weights=weight),
        "positives": label.sum(),
        "rows": weight.sum(),
    }
    for k in TOPS:
        each = [
            _first(probability[m], label[m], weight[m], k)
            for m in (mornings == d for d in np.unique(mornings))
        ]
        found[f"precision_at_{k}"] = np.mean(each)
    return {name: float(value) for name, value in found.items()}


def _first(probability: "np.ndarray", label: "np.ndarray", weight: "np.ndarray", k: int) -> float:
    """Share of positives among the `k` most probable; a sampled row stands for `weight` rows."""
    import numpy as np

    order = np.lexsort((np.arange(len(label)), -probability))
    counted = np.minimum(np.cumsum(weight[order]), k)
    taken = np.diff(counted, prepend=0.0)
    return float((label[order] * taken).sum() / taken.sum())
