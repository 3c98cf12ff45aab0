"""A line on each column that says how far a pair's label is to be believed.

The words are those of the columns' own documentation in `schemas.records`.

>>> MEANINGS["ensemble_std"]
'Standard deviation of `margins`.'
"""

from schemas.jsonschema import field_docs
from schemas.records import PreferencePair

UNCERTAINTY_COLUMNS = (
    "ensemble_mean",
    "ensemble_std",
    "ensemble_agreement",
    "bald",
    "dropout_probability",
    "judge_consistency",
    "predictive_entropy",
    "implicit_margin",
    "label_posterior",
    "jury_share",
    "uncertainty",
)
"""The columns, in the order of the dataset; the last is the one that the recipe names."""

MEANINGS: dict[str, str] = {
    column: " ".join(field_docs(PreferencePair)[column].split()) for column in UNCERTAINTY_COLUMNS
}
"""What each of them says, in one line."""
