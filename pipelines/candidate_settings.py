"""What a recipe says about several scored responses to a prompt, as the settings of pairing."""

from curation.selection.pairing import PairingSettings, check, needs_vectors
from pipelines.recipe import Recipe
from schemas.errors import UsageError


def pairing(recipe: Recipe) -> PairingSettings:
    """Which responses make a pair.

    >>> pairing(Recipe(name="x")).strategy
    'best_worst'
    """
    asked = recipe.candidates.model_dump(exclude={"margin"})
    bounds = recipe.candidates.margin
    return PairingSettings(
        **asked,
        min_margin=bounds.min if bounds else None,
        max_margin=bounds.max if bounds else None,
    )


def problems(recipe: Recipe) -> dict[str, str]:
    """What is wrong beyond types and ranges, by section.

    >>> problems(Recipe(name="x", write={"rankings": True}))
    {'write.rankings': 'nothing to rank; name sources.candidates, or give --candidates'}
    """
    found = {}
    bounds = recipe.candidates.margin
    if bounds and (bounds.lowest, bounds.highest, bounds.per) != (None, None, None):
        found["candidates.margin"] = "of one prompt's responses there are no shares; name min, max"
    settings = pairing(recipe)
    try:
        check(settings)
    except UsageError as error:
        found["candidates"] = str(error).removeprefix("candidates: ")
    written = recipe.synthesize.ugc or recipe.mine.followup_likelihood
    if written and (settings.diversity == "log_probability" or needs_vectors(settings)):
        found["candidates"] = (
            "responses that models write in this run have neither log-probabilities nor vectors; "
            "name diversity word_frequency, or similarity words"
        )
    if recipe.write.rankings and not recipe.sources.candidates:
        lacks = "nothing to rank; name sources.candidates, or give --candidates"
        found["write.rankings"] = lacks
    return found
