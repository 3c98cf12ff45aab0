"""By what pairs are divided: source, method, language, cluster, and whose the replies are."""

import polars as pl

ON_POLICY = ("on_policy", "followup_likelihood", "ugc")
"""Methods whose replies the policy itself wrote; the stratum `policy` is `on` for them, else `off`
(SimpleMix, arXiv 2505.02363)."""
UNKNOWN = "unknown"
"""Name of the stratum of pairs without a language or a cluster."""


def stratum(by: str | None) -> pl.Expr:
    """Name of each pair's stratum, as text; one nameless stratum for None.

    Input: one of `curation.selection.thresholds.STRATA`, or None. Clusters are named by their
    number.

    >>> frame = pl.DataFrame({"method": ["ugc", "expert"], "cluster": [7, None]})
    >>> frame.select(stratum("policy").alias("a"), stratum("cluster").alias("b")).rows()
    [('on', '7'), ('off', 'unknown')]
    """
    if by is None:
        return pl.lit("")
    if by == "policy":
        on = pl.col("method").is_in(ON_POLICY)
        return pl.when(on).then(pl.lit("on")).otherwise(pl.lit("off"))
    return pl.col(by).cast(pl.String).fill_null(UNKNOWN)
