"""The logistic function, its logarithm and the entropy of a coin, for any finite argument."""

from math import exp, log, log1p


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0), sigmoid(1000.0)
    (0.5, 0.0, 1.0)
    """
    if x >= 0:
        return 1 / (1 + exp(-x))
    return exp(x) / (1 + exp(x))


def log_sigmoid(x: float) -> float:
    """Natural logarithm of `sigmoid(x)`, exact where the sigmoid itself would be 0 or 1.

    >>> log_sigmoid(-1000.0)
    -1000.0
    """
    return min(x, 0.0) - log1p(exp(-abs(x)))


def coin_entropy(p: float) -> float:
    """Entropy (nats) of an event of probability `p`; 0 for what is certain.

    >>> coin_entropy(0.0), round(coin_entropy(0.5), 4)
    (0.0, 0.6931)
    """
    return -sum(q * log(q) for q in (p, 1 - p) if q > 0) if 0 < p < 1 else 0.0
