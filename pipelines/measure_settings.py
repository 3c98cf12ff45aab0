"""What a recipe says about measuring, as the settings of the stages that measure."""

from curation.scoring.uncertainty import JudgeRepeats
from curation.selection.label_columns import LabelSettings
from pipelines.model_roles import has_likelihoods
from pipelines.recipe import Recipe
from transforms.measure import MeasureSettings
from transforms.uncertainty import UncertaintySettings


def uncertainty(recipe: Recipe) -> UncertaintySettings | None:
    """What models are asked about how sure a preference is; None for nothing.

    >>> uncertainty(Recipe(name="x")) is None
    True
    """
    asked = recipe.score.uncertainty
    consistency, bald, entropy = asked.judge_consistency, asked.bald, asked.predictive_entropy
    if not (consistency or bald or entropy or asked.implicit_margin or asked.ensemble):
        return None
    form = "likelihood" if has_likelihoods(recipe.models.judge) else "words"
    return UncertaintySettings(
        repeats=JudgeRepeats(form, consistency.repeats, recipe.seed) if consistency else None,
        passes=bald.passes if bald else None,
        rate=bald.rate if bald else 0.1,
        samples=entropy.samples if entropy else None,
        entropy_tokens=entropy.max_new_tokens if entropy else 64,
        beta=asked.implicit_margin.beta if asked.implicit_margin else None,
        ensemble=asked.ensemble or (),
        seed=recipe.seed,
        max_tokens=recipe.score.max_tokens,
    )


def labels(recipe: Recipe) -> LabelSettings | None:
    """What is estimated of labels and ensembles; None where the recipe has nothing to do it with.

    >>> labels(Recipe(name="x")) is None
    True
    """
    asked = recipe.score.uncertainty
    if not (asked.annotators or asked.of or asked.ensemble or asked.judge_consistency):
        return None
    probability = asked.probability or LabelSettings().probability
    return LabelSettings(asked.annotators, probability, asked.beta, asked.of)


def texts(recipe: Recipe) -> MeasureSettings:
    """How texts are measured."""
    return MeasureSettings(recipe.score.tokenizer)
