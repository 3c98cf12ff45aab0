"""How far a label is to be believed: responsibilities of an annotator's labels, soft targets."""

from curation.scoring.logistic import sigmoid


def label_responsibility(reliability: float, probability: float) -> float:
    """Probability that a label is right, given what a model thinks of the pair.

    Input: the annotator's reliability (share of right labels, in [0, 1]) and the model's
    probability that the chosen side is better. Output: the posterior of a right label.

    Reference: LCPO (arXiv 2509.24159), E-step.

    >>> [round(label_responsibility(0.9, p), 4) for p in (0.9, 0.1)]
    [0.9878, 0.5]
    """
    right = reliability * probability
    wrong = (1 - reliability) * (1 - probability)
    return right / (right + wrong) if right + wrong > 0 else 0.5


def soft_target(margin: float, gamma: float = 1.0) -> float:
    """Target probability of the chosen side, from the margin of the two scores.

    Parameters: `gamma`, how steep; depends on the scale of the scores.

    Reference: MMPO (arXiv 2410.03145), equation of the margin target.

    >>> soft_target(0.0), soft_target(50.0)
    (0.5, 1.0)
    """
    return sigmoid(gamma * margin)
