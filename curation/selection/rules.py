"""Rules over columns: the first one that a pair fails is the filter that takes it out.

A working frame has, beside the columns that are decided by, `filter` (null: kept so far), `value`
and `threshold` of the filter, and `flip` (the sides are exchanged).
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

DECISION = {"filter": pl.String, "value": pl.Float64, "threshold": pl.Float64, "flip": pl.Boolean}
"""Columns that a working frame has beside those that are decided by."""
KEPT = pl.col("filter").is_null()
"""Pairs that no filter has taken out so far."""


class Rule(NamedTuple):
    """A filter: what fails it, the value that does, and what was asked for.

    A null in `failed` is a pair that the rule cannot decide about: it passes.
    """

    filter: str
    failed: pl.Expr
    value: pl.Expr | None = None
    threshold: pl.Expr | float | None = None


def undecided(frame: pl.DataFrame) -> pl.DataFrame:
    """A working frame in which every pair is kept so far, as it is."""
    nothing = {name: pl.lit(None, tp) for name, tp in DECISION.items()}
    return frame.with_columns(**nothing | {"flip": pl.lit(False)})


def apply_rules(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """A working frame after more rules; what was dropped before stays as it was dropped.

    Of several rules that a pair fails, the first one counts.

    >>> frame = undecided(pl.DataFrame({"x": [1.0, 5.0, None]}))
    >>> apply_rules(frame, [Rule("x_max", pl.col("x") > 2, pl.col("x"), 2.0)]).rows()[1]
    (5.0, 'x_max', 5.0, 2.0, False)
    """
    if not rules:
        return frame
    failed = [pl.when(rule.failed).then(place) for place, rule in enumerate(rules)]
    first = pl.when(KEPT).then(pl.coalesce(failed).cast(pl.Int32))
    names = pl.Series([rule.filter for rule in rules], dtype=pl.String)
    given = {name: [pl.col(name)] for name in ("value", "threshold")}
    for place, rule in enumerate(rules):
        here = pl.when(pl.col("_rule") == place)
        for name, numbers in given.items():
            number = getattr(rule, name)
            if number is not None:
                number = number if isinstance(number, pl.Expr) else pl.lit(number, pl.Float64)
                numbers.append(here.then(number.cast(pl.Float64)))
    decided = frame.with_columns(_rule=first)
    filters = names.gather(decided["_rule"])
    return decided.with_columns(
        filter=pl.coalesce("filter", pl.lit(filters)),
        **{name: pl.coalesce(numbers) for name, numbers in given.items()},
    ).drop("_rule")
