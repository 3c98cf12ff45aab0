"""Pairs of voted answers of a Stack Exchange `Posts.xml`, by polars and none of our code.

    python tests/transforms/votes_oracle.py Posts.xml

prints how many questions have an answer, how many of them give pairs, and how many pairs.
"""

import sys
from xml.etree import ElementTree

import polars as pl


def expected_pairs(path, margin=2, ratio=1.5, least=1, most=5):
    """Questions with an answer, and the table of pairs by native ids with their margins."""
    names = ("Id", "PostTypeId", "ParentId", "Score", "CreationDate", "Body")
    rows = [[row.get(name) for name in names] for _, row in ElementTree.iterparse(path)]
    posts = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(
        pl.col("Score").cast(pl.Int64), pl.col("CreationDate").str.to_datetime()
    )
    questions = posts.filter(pl.col("PostTypeId") == "1").select(ParentId="Id")
    answers = posts.filter(pl.col("PostTypeId") == "2").join(questions, on="ParentId", how="semi")
    pairs = (
        answers.join(answers, on="ParentId", suffix="_worse")
        .with_columns(margin=pl.col("Score") - pl.col("Score_worse"))
        .filter(
            pl.col("margin") >= margin,
            pl.col("Score") >= least,
            (ratio == 1) | (pl.col("Score") >= ratio * pl.max_horizontal("Score_worse", 1)),
            pl.col("CreationDate") >= pl.col("CreationDate_worse"),
            pl.col("Body") != pl.col("Body_worse"),
        )
        .sort("ParentId", -pl.col("margin"), "Id", "Id_worse")
        .group_by("ParentId", maintain_order=True)
        .head(most)
    )
    return answers["ParentId"].n_unique(), pairs.select("ParentId", "Id", "Id_worse", "margin")


if __name__ == "__main__":
    answered, table = expected_pairs(sys.argv[1])
    print(f"{answered} questions, {table['ParentId'].n_unique()} with pairs, {len(table)} pairs")
