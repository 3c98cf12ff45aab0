"""What all sections of a recipe have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """Base of all sections: unknown keys and values of another type are refused, not bent."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


# A YAML list becomes a tuple, so that the recipe cannot change; its items stay strict.
LIST: Any = Field(strict=False, min_length=1)
"""Of a list: at least one item."""
