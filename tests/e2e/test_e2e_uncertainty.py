"""All that can be measured of how sure a preference is, in one run, and decided by after it."""

import json

from e2e_runs import curate, rows

from pipelines.stages import STAGES

CHANGES = (
    "mine.max_pairs=3",
    "mine.expert=null",
    "score.follow_up_likelihood.per_side=1",
    "score.max_tokens=900",
    "score.clusters=2",
    "score.uncertainty.bald.passes=2",
    "score.uncertainty.judge_consistency={}",
    "score.uncertainty.predictive_entropy={samples: 1, max_new_tokens: 4}",
    "score.uncertainty.implicit_margin={}",
    "score.uncertainty.ensemble=[follow_up_likelihood, judge]",
    "score.uncertainty.annotators=annotator",
    "score.uncertainty.probability=implicit_margin",
    "score.uncertainty.of=bald",
    "select.margin=null",
    "select.ln_ches=null",
    "select.ensemble_agreement={min: 0}",
    "select.soft_targets={of: ensemble_mean}",
)


def test_every_column_of_uncertainty_is_filled_and_decided_by(tmp_path):
    sets = [argument for change in CHANGES for argument in ("--set", change)]
    curate("run", "quickstart", "--output", tmp_path, *sets)
    described = json.loads(curate("inspect", tmp_path, "--json").stdout)
    funnel = {row["stage"]: row for row in described["funnel"]}
    measured = STAGES[STAGES.index("judge_consistency") : STAGES.index("select")]
    assert set(measured) <= funnel.keys()
    assert {funnel[stage]["out"] for stage in measured} == {3}
    for row in funnel.values():
        assert row["in"] == row["out"] + sum(row["dropped"].values()), row
    table = rows(tmp_path)
    assert table.height == 3
    for column in (
        "bald", "dropout_probability", "judge_consistency", "predictive_entropy", "implicit_margin",
        "ensemble_mean", "ensemble_std", "ensemble_agreement", "jury_share", "uncertainty",
        "target", "cluster", "prompt_tokens", "shared_tokens", "chosen_chars",
    ):  # fmt: skip
        assert table[column].null_count() == 0, column
    assert (table["uncertainty"] == table["bald"]).all()
    assert set(table["implicit_margin"]) == {0.0}  # policy and reference are one model
    assert [[margin["name"] for margin in row] for row in table["margins"]] == [
        ["follow_up_likelihood", "judge"]
    ] * 3
    highest = table["bald"].max()
    curate("reselect", tmp_path, "--set", f"select.uncertainty.max={highest * 0.999999}")
    assert rows_now(tmp_path) < 3


def rows_now(output):
    """How many pairs the current snapshot has."""
    return sum(json.loads(curate("inspect", output, "--json").stdout)["rows"].values())
