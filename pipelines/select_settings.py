"""What a recipe says about choosing, as the selection that decides."""

from typing import Any

from curation.selection.thresholds import (
    SCORES,
    Bands,
    Bounds,
    Gates,
    Mix,
    Selection,
    SoftTargets,
    Truncation,
    UpoSampling,
)
from pipelines.recipe import Recipe
from pipelines.recipe_section import Section
from pipelines.recipe_select import Range, Select


def selection(recipe: Recipe) -> Selection:
    """Which scored pairs are kept, which are mixed, what is soft."""
    return selection_of(recipe.select)


def selection_of(select: Select) -> Selection:
    """The selection that a recipe's section asks for.

    >>> selection_of(Select(max_pairs=5, margin=Range(min=0.5))).bounds
    {'margin': Bounds(low=0.5, high=None, lowest=None, highest=None, per=None, missing=None)}
    """
    bounds = {name: getattr(select, name) for name in SCORES}
    return Selection(
        bounds={name: _bounds(asked) for name, asked in bounds.items() if asked},
        min_chosen_chars=select.min_chosen_chars,
        max_chars_ratio=select.max_chars_ratio,
        keep_unscored=select.keep_unscored,
        methods=select.methods,
        certainty=select.certainty,
        z_score=select.z_score,
        gates=_gates(select),
        bands=_as(Bands, select.bands),
        soft_targets=_as(SoftTargets, select.soft_targets),
        sampling=_as(UpoSampling, select.sampling),
        mix=_as(Mix, select.mix),
        max_pairs=select.max_pairs,
    )


def _bounds(asked: Range) -> Bounds:
    return Bounds(asked.min, asked.max, asked.lowest, asked.highest, asked.per, asked.missing)


def _gates(select: Select) -> Gates:
    gates: Gates = _as(Gates, select.gates)
    return gates._replace(truncation=_as(Truncation, select.gates.truncation))


def _as(settings: Any, section: Section | None) -> Any:
    return settings(**section.model_dump()) if section else None
