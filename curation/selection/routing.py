"""Routing to annotators: a regression says what a human label is worth for pairs of each kind.

Of many mixes of human and other labels, a model is trained on each and its gain measured. The gain
of a mix is regressed on how many of its human-labelled pairs have each feature:

    gain(n) = a + sum_f b_f n_f (+ sum_f<=g c_fg n_f n_g)

What one more pair adds is what its features add; the pairs that add most are sent to humans.

Reference: Miranda et al., Hybrid Preferences (arXiv 2410.19133), section 3: performance prediction
model and routing. The paper ranks pairs by what each would add to nothing; where the regression is
quadratic, here each adds to those picked before it.
"""

from collections.abc import Mapping, Sequence
from math import fsum, isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.errors import InputError, UsageError

_STEPS = 1 << 24

Term = tuple[str, str]
"""Two features, in order; the same one twice for its square."""


class Gains(NamedTuple):
    """A fitted regression."""

    intercept: float
    """Gain of no human label."""
    linear: Mapping[str, float]
    """What a pair with a feature adds, by the feature's name."""
    quadratic: Mapping[Term, float]
    """What products of counts add; empty for a linear regression."""

    def predicted(self, counts: Mapping[str, int]) -> float:
        """The gain of a mix, by how many of its human-labelled pairs have each feature."""
        return fsum(
            [
                self.intercept,
                *(b * counts.get(f, 0) for f, b in self.linear.items()),
                *(c * counts.get(f, 0) * counts.get(g, 0) for (f, g), c in self.quadratic.items()),
            ]
        )

    def gain(self, features: Sequence[str], counts: Mapping[str, int] | None = None) -> float:
        """What one more pair with some features adds to a mix, by default to nothing.

        >>> gains = Gains(1.0, {"code:one": 0.5}, {("code:one", "code:one"): -0.1})
        >>> [round(gains.gain(["code:one"], {"code:one": n}), 12) for n in (0, 1, 3)]
        [0.4, 0.2, -0.2]
        """
        before = counts or {}
        after = {**before, **{f: before.get(f, 0) + 1 for f in features}}
        if not self.quadratic:
            return fsum(self.linear.get(f, 0.0) for f in features)
        return self.predicted(after) - self.predicted(before)


def fit(
    mixes: Sequence[Mapping[str, int]],
    gains: Sequence[float],
    *,
    quadratic: bool = False,
    ridge: float = 1e-3,
) -> Gains:
    """Fit the regression to measured mixes, by least squares.

    Input: for each mix how many of its human-labelled pairs have each feature
    (`curation.selection.routing_features.feature_counts`), and its measured gain. Parameters:
    `quadratic`, with squares and products; `ridge`, penalty on the squared coefficients of the
    standardised counts, for each mix.

    Raises: UsageError for no mixes, not as many gains, or one that is no finite number.

    >>> mixes = [{"a": 1}, {"a": 3}, {"b": 2}, {"a": 2, "b": 5}]
    >>> found = fit(mixes, [2.0, 4.0, 0.0, 0.5], ridge=0)
    >>> round(found.linear["a"], 9), round(found.linear["b"], 9), round(found.intercept, 9)
    (1.0, -0.5, 1.0)
    """
    if not mixes or len(mixes) != len(gains) or not all(map(isfinite, gains)):
        raise UsageError(
            f"{len(mixes)} mixes and {len(gains)} gains: expected a finite gain for each mix"
        )
    if not 0 <= ridge < float("inf"):
        raise UsageError(f"ridge {ridge}: expected a number of 0 or more")
    names = sorted({name for mix in mixes for name in mix})
    table = np.array([[float(mix.get(name, 0)) for name in names] for mix in mixes])
    terms = [(i, j) for i in range(len(names)) for j in range(i, len(names))] if quadratic else []
    columns = np.hstack([table, *(table[:, [i]] * table[:, [j]] for i, j in terms)])
    weights, intercept = _ridge(columns, np.asarray(gains, np.float64), ridge)
    linear = dict(zip(names, weights.tolist(), strict=False))
    products = weights[len(names) :].tolist()
    return Gains(
        intercept,
        linear,
        {(names[i], names[j]): c for (i, j), c in zip(terms, products, strict=True)},
    )


def route(gains: Gains, instances: Sequence[Sequence[str]], budget: int) -> list[int]:
    """Pick the pairs that humans should label: one after the other the one that adds most.

    Input: the features of each pair, in the order in which equals shall be taken. Parameters:
    `budget`, how many. Output: indices in the order of picking.

    >>> gains = Gains(0.0, {"code:one": 1.0, "turns:1": 0.8}, {("code:one", "code:one"): -0.3})
    >>> route(gains, [["code:one"], ["code:one"], ["turns:1"]], 2)
    [2, 0]
    """
    names = sorted({*gains.linear, *(name for term in gains.quadratic for name in term)})
    place = {name: at for at, name in enumerate(names)}
    has = np.zeros((len(instances), len(names)))
    for at, features in enumerate(instances):
        has[at, [place[f] for f in features if f in place]] = 1
    linear, products = _whole(gains, place)
    # Whole numbers below 2**53: sums of them are exact.
    own = ((has @ products) * has).sum(axis=1) + has @ linear
    counts = np.zeros(len(names))
    picked: list[int] = []
    free = np.zeros(len(instances))
    while len(picked) < min(budget, len(instances)):
        at = int((own + 2 * (has @ (products @ counts)) + free).argmax())
        picked.append(at)
        free[at] = -np.inf
        counts += has[at]
    return picked


def to_json(gains: Gains) -> dict[str, Any]:
    """A regression as a JSON object, which `from_json` reads.

    >>> from_json(to_json(Gains(0.0, {"a": 1.0}, {("a", "b"): 2.0}))).quadratic
    {('a', 'b'): 2.0}
    """
    products = [[*term, c] for term, c in gains.quadratic.items()]
    return {"intercept": gains.intercept, "linear": dict(gains.linear), "quadratic": products}


def from_json(value: Any) -> Gains:
    """A regression of a JSON object.

    Raises: InputError that says what is wrong.
    """
    if not isinstance(value, dict) or not isinstance(value.get("linear"), dict):
        raise InputError("expected an object with `linear`, a number for each feature")
    quadratic: dict[Term, float] = {}
    rows = value.get("quadratic") or []
    for row in rows if isinstance(rows, list) else [rows]:
        if (
            not isinstance(row, list)
            or len(row) != 3
            or not all(isinstance(f, str) for f in row[:2])
        ):
            raise InputError("quadratic: expected rows of two features and a number")
        quadratic[row[0], row[1]] = _number(row[2], "quadratic")
    linear = {name: _number(b, name) for name, b in value["linear"].items()}
    return Gains(_number(value.get("intercept", 0.0), "intercept"), linear, quadratic)


def _ridge(
    columns: NDArray[np.float64], gains: NDArray[np.float64], ridge: float
) -> tuple[NDArray[np.float64], float]:
    """Coefficients and intercept; 0 for a column that does not vary."""
    means, spreads = columns.mean(axis=0), columns.std(axis=0)
    varies = spreads > 1e-12 * np.maximum(1.0, np.abs(means))
    scaled = (columns[:, varies] - means[varies]) / spreads[varies]
    # As rows of the least-squares problem, the penalty does not square its condition.
    penalty = np.sqrt(ridge * len(columns)) * np.eye(scaled.shape[1])
    right = np.concatenate([gains - gains.mean(), np.zeros(scaled.shape[1])])
    found = np.linalg.lstsq(np.vstack([scaled, penalty]), right, rcond=None)[0]
    weights = np.zeros(columns.shape[1])
    weights[varies] = found / spreads[varies]
    return weights, float(gains.mean() - weights @ means)


def _whole(
    gains: Gains, place: Mapping[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients as whole numbers: linear ones, and those of products, half in each place."""
    linear, products = np.zeros(len(place)), np.zeros((len(place), len(place)))
    for name, b in gains.linear.items():
        linear[place[name]] += b
    for (one, other), c in gains.quadratic.items():
        products[place[one], place[other]] += c / 2
        products[place[other], place[one]] += c / 2
    largest = max(np.abs(linear).max(initial=0.0), np.abs(products).max(initial=0.0))
    scale = _STEPS / largest if largest > 0 else 0.0
    return np.rint(linear * scale), np.rint(products * scale)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise InputError(f"{name}: expected a finite number")
    return float(value)
