"""Every bundled recipe runs on the bundled sample, with the embedded model in every role."""

import json

import polars as pl
import pytest
from e2e_runs import curate, rows

from pipelines.recipe_file import BUNDLED

# Less of what costs model time; everything else is as the recipe has it.
FEW = (
    "mine.max_pairs=3",
    "mine.judge.max_share=0.03",
    "synthesize.reply.max_new_tokens=24",
    "synthesize.reply.keep_truncated=true",
    "synthesize.reply.max_prompt_tokens=512",
    "score.follow_up_likelihood.per_side=1",
    "score.max_tokens=900",
)
WRITTEN = {
    "expert": {"expert"},
    "on_policy": {"on_policy"},
    "followup_likelihood": {"followup_likelihood"},
    "revisions": {"revisions", "hindsight"},
    "cascade": {"revisions", "hindsight"},
    "edits": {"edits"},
    "quickstart": {"expert", "revisions", "ranked_siblings"},
}


def test_every_bundled_recipe_is_tried_here():
    assert {file.stem for file in BUNDLED.glob("*.yaml")} == WRITTEN.keys()


@pytest.mark.parametrize("recipe", sorted(WRITTEN))
def test_a_bundled_recipe_runs_with_the_embedded_model(recipe, tmp_path):
    changes = [argument for change in FEW for argument in ("--set", change)]
    curate("run", recipe, "--output", tmp_path, "--set", "models.*=embedded", *changes)
    described = json.loads(curate("inspect", tmp_path, "--json").stdout)
    funnel = {row["stage"]: row for row in described["funnel"]}
    for row in funnel.values():
        assert row["in"] == row["out"] + sum(row["dropped"].values()), row
    assert funnel["mine"]["notes"]["turns"] > 150
    assert funnel["mine"]["out"] > 0
    assert funnel["synthesize"]["out"] > 0
    table = rows(tmp_path)
    assert set(table["method"]) <= WRITTEN[recipe]
    if recipe == "on_policy":  # The small judge goes by place and lets hardly any pair through.
        judged = funnel["checklist"]
        assert judged["in"] == judged["out"] + judged["dropped"].get("checklist_judge", 0) > 0
    else:
        assert table.height > 0
    if recipe == "cascade":
        notes = funnel["mine"]["notes"]
        assert 0 < notes["judged"] <= 0.03 * notes["turns"]
        assert notes["unparsable"] == 0
    if recipe == "edits":
        assert table["margin"].is_between(0, 1, closed="none").all()
    if recipe == "expert":
        assert (table["safety"] == "safe: judge").all()
        assert table["rubric"].is_not_null().all()
        roles = table.select(pl.col("provenance").struct.field("models").explode())["models"]
        assert {"expert", "judge", "scorer"} <= {name.partition("=")[0] for name in roles}


def test_copies_of_a_conversation_buy_the_judge_no_turns(tmp_path):
    talks = [
        ("Name a colour.", "Seven.", "That is no colour.", "Red.", "Thank you!"),
        ("A poem, please.", "Roses are red.", "Hm.", "Violets are blue.", "Shorter?"),
        ("Translate: Hund", "Cat.", "Are you sure?", "Dog.", "ok"),
    ]
    lines = [
        json.dumps({"messages": [
            {"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(talk)
        ]})
        for talk in (*talks, *talks[:1] * 60)
    ]  # fmt: skip
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    quick = ("mine.judge.max_share=0.2", "score.ches=false", "score.follow_up_likelihood=null")
    changes = [argument for change in quick for argument in ("--set", change)]
    given = ("--input", tmp_path / "in.jsonl", "--output", tmp_path / "out")
    curate("run", "cascade", *given, "--set", "models.*=embedded", *changes)
    described = json.loads(curate("inspect", tmp_path / "out", "--json").stdout)
    notes = {row["stage"]: row for row in described["funnel"]}["mine"]["notes"]
    assert notes["turns"] == 6
    assert notes.get("judged", 0) <= 0.2 * 6
