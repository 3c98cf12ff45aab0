"""A pair with its sides exchanged: as a record, and as columns."""

from collections.abc import Sequence

import polars as pl

from curation.selection.flags import FLAGS
from schemas.ids import pair_id
from schemas.records import NamedScore, PreferencePair, RubricLevel

SWAPPED = {
    "chosen_score": "rejected_score",
    "chosen_chars": "rejected_chars",
    "chosen_tokens": "rejected_tokens",
}
"""Columns of the chosen side, each with that of the rejected side."""
NEGATED = ("margin", "rubric_margin", "ensemble_mean", "implicit_margin")
"""Columns that are chosen minus rejected."""
TURNED = ("ensemble_agreement", "dropout_probability", "label_posterior", "jury_share")
"""Probabilities and shares of the chosen side: p becomes 1 - p."""
EMPTIED = ("ches", "ln_ches")
"""Scores that are not the same, nor the opposite, with the sides exchanged."""


def flipped(pair: PreferencePair) -> PreferencePair:
    """The pair with chosen and rejected exchanged, and a new id.

    Output: margins have the other sign, probabilities p are 1 - p, and what is known of a side
    goes with it. What cannot be turned is empty: CHES, and the words why the chosen side was
    better (`rationale`, `rationales`). The flag `flipped` says so; flipping again takes it away.

    >>> from schemas.records import Message, Provenance
    >>> sides = (Message("user", "q"),), (Message("assistant", "a"),), (Message("assistant", "b"),)
    >>> origin = Provenance("f", 0, "g", None, (), (), None, "")
    >>> scores = (0.5, 1.0, 0.5, -10.0, -1.0, None)
    >>> pair = PreferencePair("id", *sides, *scores, "m", "s", "c", None, None, origin, "")
    >>> turned = flipped(pair)
    >>> turned.chosen[0].content, turned.margin, turned.ches, turned.flags
    ('b', -0.5, None, ('flipped',))
    """
    swap = SWAPPED | {rejected: chosen for chosen, rejected in SWAPPED.items()}
    turned = {name: getattr(pair, other) for name, other in swap.items()}
    turned |= {name: _negative(getattr(pair, name)) for name in NEGATED}
    turned |= {name: _rest(getattr(pair, name)) for name in (*TURNED, "target")}
    turned |= dict.fromkeys((*EMPTIED, "rationale"))
    return pair._replace(
        id=pair_id(pair.prompt, pair.rejected, pair.chosen),
        chosen=pair.rejected,
        rejected=pair.chosen,
        rationales=(),
        rubric_levels=tuple(_exchanged(level) for level in pair.rubric_levels),
        margins=tuple(NamedScore(m.name, 0.0 - m.value) for m in pair.margins),
        labels=tuple(NamedScore(label.name, 1.0 - label.value) for label in pair.labels),
        flags=_turned_flags(pair.flags),
        **turned,
    )


def with_flips(frame: pl.DataFrame) -> pl.DataFrame:
    """A working frame whose columns are those of the flipped pair where `flip` is true.

    The columns become what `flipped` makes of the pair; the ids stay, so that the rows can be told.
    """
    swap = SWAPPED | {rejected: chosen for chosen, rejected in SWAPPED.items()}
    turned = {name: pl.col(other) for name, other in swap.items()}
    turned |= {name: 0.0 - pl.col(name) for name in NEGATED}
    turned |= {name: 1.0 - pl.col(name) for name in TURNED}
    turned |= {name: pl.lit(None, pl.Float64) for name in EMPTIED}
    names = {flag: _other_side(flag) for flag in FLAGS if _other_side(flag) != flag}
    turned["flags"] = pl.col("flags").list.eval(pl.element().replace(names))
    flip = pl.col("flip")
    return frame.with_columns(
        **{name: pl.when(flip).then(new).otherwise(name) for name, new in turned.items()}
    )


def _negative(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def _rest(value: float | None) -> float | None:
    return None if value is None else 1.0 - value


def _exchanged(level: RubricLevel) -> RubricLevel:
    return level._replace(
        chosen=level.rejected,
        rejected=level.chosen,
        chosen_reason=level.rejected_reason,
        rejected_reason=level.chosen_reason,
    )


def _turned_flags(flags: Sequence[str]) -> tuple[str, ...]:
    turned = {_other_side(flag) for flag in flags} ^ {"flipped"}
    return tuple(flag for flag in FLAGS if flag in turned)


def _other_side(flag: str) -> str:
    what, _, side = flag.partition(":")
    other = {"chosen": "rejected", "rejected": "chosen"}.get(side)
    return f"{what}:{other}" if other else flag
