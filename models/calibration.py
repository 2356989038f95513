"""From raw model probability to calibrated probability, stored as numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ISOTONIC_LEAST = 500  # positives; with fewer, steps would be noise and a two-parameter curve is safer
EDGE = 1e-6


@dataclass(frozen=True)
class Calibrator:
    """A monotone map of [0, 1] to [0, 1]: `platt` has (slope, intercept) in x, `isotonic` knots in x and y."""

    kind: str
    x: list[float]
    y: list[float]

    def apply(self, raw: "np.ndarray") -> "np.ndarray":
        """Calibrated probabilities."""
        import numpy as np

        if self.kind == "platt":
            slope, intercept = self.x
            return 1.0 / (1.0 + np.exp(-(slope * _logit(raw) + intercept)))
        return np.interp(raw, self.x, self.y)


def fit_calibrator(raw: "np.ndarray", label: "np.ndarray", weight: "np.ndarray") -> Calibrator:
    """Isotonic with enough positives, else Platt; never decreasing. Fit on rows the booster has not seen."""
    if label.sum() >= ISOTONIC_LEAST:
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(raw, label, weight)
        x, y = fitted.X_thresholds_, fitted.y_thresholds_
        return Calibrator("isotonic", [float(v) for v in x], [float(v) for v in y])
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    # Platt's targets: a little away from 0 and 1, so that a separable slice does not give certainty.
    positives, negatives = float(label.sum()), float(weight[label == 0].sum())
    share_1, share_0 = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    logit = _logit(raw).reshape(-1, 1)
    target = label == 1
    rows, classes = np.vstack([logit, logit]), np.repeat([1, 0], len(raw))
    up = np.where(target, share_1, share_0) * weight
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(rows, classes, np.concatenate([up, weight - up]))
    slope = max(float(fitted.coef_[0, 0]), 0.0)
    return Calibrator("platt", [slope, float(fitted.intercept_[0])], [])


def _logit(raw: "np.ndarray") -> "np.ndarray":
    import numpy as np

    inside = np.clip(raw, EDGE, 1 - EDGE)
    return np.log(inside / (1 - inside))
