"""Every bundled recipe runs on the bundled sample, with the embedded model in every role."""

import json

import polars as pl
import pytest
from e2e_runs import curate, rows

from pipelines.recipe_file import BUNDLED
from pipelines.stages import STAGES

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
MADE = {
    "ugc": (
        ("sources.documents.limit=9", "synthesize.ugc.questions=3", "synthesize.ugc.responses=3"),
        {"ugc"},
    ),
    "votes": (("mine.max_pairs=null",), {"votes"}),
    "candidates": (("sources.candidates.limit=6",), {"candidates"}),
    "rationales": (
        ("mine.max_pairs=2", "synthesize.judgments.samples=4", "score.follow_up_likelihood=null",
         "synthesize.judgments.max_new_tokens=16", "synthesize.rationales.max_new_tokens=48"),
        {"ranked_siblings", "revisions", "judgment"},
    ),
    "rubrics": (
        ("mine.max_pairs=1", "synthesize.rubric_pairs.max_conversations=2", "score.ches=false",
         "score.follow_up_likelihood=null", "score.rubric.rubrics=[brevity]",
         "synthesize.context_reversals.max_new_tokens=32"),
        {"ranked_siblings", "rubric", "context_reversal"},
    ),
    "counterfactuals": (
        ("mine.max_pairs=2", "synthesize.attributes.max_conversations=1", "score.ches=false",
         "score.follow_up_likelihood=null", "synthesize.attributes.similarity=0"),
        {"ranked_siblings", "attributes", "instructions", "reasoning"},
    ),
}  # fmt: skip
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
    assert {file.stem for file in BUNDLED.glob("*.yaml")} == WRITTEN.keys() | MADE.keys()


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


@pytest.mark.parametrize("recipe", sorted(MADE))
def test_a_recipe_that_makes_pairs_runs_with_the_embedded_model(recipe, tmp_path):
    smaller, methods = MADE[recipe]
    # A key of a section that the recipe has switched off would switch it on.
    few = [change for change in FEW if "per_side" not in change]
    changes = [argument for change in (*few, *smaller) for argument in ("--set", change)]
    curate("run", recipe, "--output", tmp_path, "--set", "models.*=embedded", *changes)
    described = json.loads(curate("inspect", tmp_path, "--json").stdout)
    for row in described["funnel"]:
        assert row["in"] == row["out"] + sum(row["dropped"].values()), row
    funnel = {row["stage"]: row for row in described["funnel"]}
    assert list(funnel) == [stage for stage in STAGES if stage in funnel]
    table = rows(tmp_path)
    assert set(table["method"]) <= methods
    if recipe == "votes":
        assert table.height == 13 > funnel["votes"]["out"]
        assert (table["provenance"].struct.field("models").list.len() == 0).all()
    if recipe == "candidates":
        assert table.height == funnel["budget"]["out"] - sum(funnel["select"]["dropped"].values())
        assert table.height > 0
        assert table["ln_ches"].is_not_null().all()
        assert table["margin"].to_list() == [
            max(people["values"]) - min(people["values"])
            for people, *_ in table["provenance"].struct.field("scores").to_list()
        ]
    if recipe == "ugc":
        scores = table["provenance"].struct.field("scores").to_list()
        for pair, [judged] in zip(table.iter_rows(named=True), scores, strict=True):
            assert len(judged["values"]) == 3
            assert pair["margin"] == max(judged["values"]) - min(judged["values"]) > 0
            assert len(pair["prompt"]) == len(pair["provenance"]["documents"]) == 1
        assert table.height > 0
    if recipe == "rationales":
        assert funnel["judgments"]["in"] == 2
        assert funnel["rationales"]["in"] == funnel["rationales"]["out"] == table.height > 0
    if recipe == "rubrics":
        written = table.filter(pl.col("method") == "rubric")
        assert written.height == 2 * funnel["rubric_responses"]["out"] > 0
        assert sorted(written["chosen"].to_list(), key=str) == sorted(
            written["rejected"].to_list(), key=str
        )
        assert table["rubric_margin"].is_not_null().all()
    if recipe == "counterfactuals":
        instructed = table.filter(pl.col("method") == "instructions")
        assert instructed.height == 2 * funnel["instructions"]["out"] > 0
        assert instructed["provenance"].struct.field("derived_from").is_not_null().all()


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
