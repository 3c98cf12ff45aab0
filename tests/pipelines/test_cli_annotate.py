"""`curate select-for-annotation` and `curate import-labels` as a user types them, on a snapshot."""

import json
import random

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from typer.testing import CliRunner

from curation.selection.blind import chosen_is_first
from curation.selection.flip import flipped
from curation.selection.routing import Gains, to_json
from curation.selection.routing_features import routing_features
from pipelines import cli
from pipelines.recipe import resolved
from pipelines.recipe_file import load_recipe
from schemas.arrow import VERSION_KEY
from schemas.ids import conversation_id, pair_id
from schemas.records import Message, NamedScore, PreferencePair, Provenance
from sinks.inspect import inspect_snapshot, read_pairs
from sinks.publish import publish
from sinks.snapshot import WriteSnapshot

TOPICS = ("the oven", "income tax", "tomato plants")
KEPT, POOLED = 24, 8


def a_pair(number, split="train"):
    topic = TOPICS[number % 3]
    prompt = (Message("user", f"Tell me about {topic}, case {number}."),)
    chosen = (Message("assistant", f"Good: {topic} works like this, number {number}."),)
    rejected = (Message("assistant", f"No idea what {topic} is ({number})."),)
    return PreferencePair(
        id=pair_id(prompt, chosen, rejected),
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        margin=float(number),
        chosen_score=-1.0,
        rejected_score=-1.0 - number,
        ches=None,
        ln_ches=None,
        uncertainty=None,
        method="existing",
        source="test",
        conversation_id=conversation_id(prompt),
        rationale=None,
        rubric=None,
        provenance=Provenance("a.jsonl", number, f"g{number}", None, (), (), None, "0.1.0"),
        split=split,
        implicit_margin=0.1 * (number - 12),
        bald=None,
        jury_share=None,
        chosen_chars=len(chosen[0].content),
        rejected_chars=len(rejected[0].content),
        flags=(),
    )


PAIRS = [a_pair(number, "test" if number % 5 == 0 else "train") for number in range(KEPT)]
POOL = [a_pair(number) for number in range(KEPT, KEPT + POOLED)]


def publish_to(folder, pairs, pool):
    """Publish a dataset of these pairs, made by a recipe that selects nothing by score."""
    (folder / "pairs.jsonl").write_text("{}\n")
    (folder / "r.yaml").write_text(
        "name: x\nsources: {pairs: {paths: pairs.jsonl}}\n"
        "score: {follow_up_likelihood: null, ches: false}\n"
        "select: {max_chars_ratio: 9, min_chosen_chars: 1}\n"
    )
    output = str(folder / "out")
    kinds = {"pairs": pairs, "pool": pool, "rankings": (), "signals": (), "rejects": ()}
    kinds |= {"drops": (), "counts": [(("select", "in"), len(pairs)), (("select", "out"), KEPT)]}
    with beam.Pipeline(FnApiRunner()) as pipeline:
        rows = {kind: pipeline | kind >> beam.Create(list(rows)) for kind, rows in kinds.items()}
        _ = rows | WriteSnapshot(output, "run", ["select"])
    recipe = resolved(load_recipe(str(folder / "r.yaml")))
    info = {"name": "x", "recipe": recipe, "models": {}, "inputs": [], "license": None}
    publish(output, "run", {**info, "code_version": "0.1.0", "packages": {}})
    return output


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return publish_to(tmp_path_factory.mktemp("annotate"), PAIRS, POOL)


@pytest.fixture
def dataset(tmp_path):
    return publish_to(tmp_path, PAIRS, POOL)


def curate(*arguments, status=0):
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    return done


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def choose(output, path, *options):
    curate("select-for-annotation", output, "--output", path, *options)
    return rows_of(path)


def by_id(*, pairs=(*PAIRS, *POOL)):
    return {pair.id: pair for pair in pairs}


def test_the_smallest_margins_come_first_and_the_file_is_blind(published, tmp_path):
    tasks = choose(published, tmp_path / "t.jsonl", "-k", 5, "--by", "implicit_margin", *PLAIN)
    margins = [abs(by_id()[task["id"]].implicit_margin) for task in tasks]
    assert margins == pytest.approx([0.0, 0.1, 0.1, 0.2, 0.2])
    for task in tasks:
        assert list(task) == ["id", "prompt", "response_a", "response_b", "label", "annotator"]
        pair = by_id()[task["id"]]
        replies = [pair.chosen[0].content, pair.rejected[0].content]
        assert [task["response_a"], task["response_b"]] == (
            replies if chosen_is_first(pair.id) else replies[::-1]
        )


PLAIN = ("--diversity", 0)


def test_equals_are_taken_by_their_ids(published, tmp_path):
    tasks = choose(published, tmp_path / "t.jsonl", "-k", 3, "--by", "implicit_margin", *PLAIN)
    second, third = (task["id"] for task in tasks[1:])
    assert second < third


def test_diversity_takes_a_prompt_of_each_topic(published, tmp_path):
    options = ["-k", 3, "--by", "margin", "--diversity", 0.9]
    tasks = choose(published, tmp_path / "t.jsonl", *options)
    topics = {topic for topic in TOPICS for task in tasks if topic in task["prompt"][0]["content"]}
    assert topics == set(TOPICS)


def test_the_pool_is_chosen_from_on_request(published, tmp_path):
    options = ["-k", KEPT + POOLED, "--by", "margin"]
    without = choose(published, tmp_path / "a.jsonl", *options)
    everything = choose(published, tmp_path / "b.jsonl", *options, "--pool")
    assert {task["id"] for task in without} == {pair.id for pair in PAIRS}
    assert {task["id"] for task in everything} == set(by_id())


def test_the_choice_does_not_depend_on_how_the_dataset_was_written(published, tmp_path):
    folder = tmp_path / "again"
    folder.mkdir()
    other = publish_to(folder, random.Random(1).sample(PAIRS, k=KEPT), POOL[::-1])
    options = ["-k", 7, "--by", "margin", "--diversity", 0.4, "--pool"]
    one, two = (choose(out, tmp_path / "t.jsonl", *options) for out in (published, other))
    assert one == two


def test_earlier_tasks_are_not_chosen_again(published, tmp_path):
    first = choose(published, tmp_path / "first.jsonl", "-k", 4, "--by", "margin", *PLAIN)
    options = ["-k", 4, "--by", "margin", *PLAIN, "--exclude", tmp_path / "first.jsonl"]
    done = curate("select-for-annotation", published, "--output", tmp_path / "next.jsonl", *options)
    assert "4 tasks in" in done.stdout
    assert "4 were excluded" in done.stdout
    again = rows_of(tmp_path / "next.jsonl")
    assert not {task["id"] for task in first} & {task["id"] for task in again}


def test_a_column_that_nothing_filled_says_what_fills_it(published, tmp_path):
    target = tmp_path / "t.jsonl"
    done = curate("select-for-annotation", published, "--output", target, status=2)
    assert f"none of the {KEPT} pairs has a value in uncertainty" in done.stderr
    assert "score.uncertainty.of" in done.stderr
    assert not target.exists()
    options = ["--output", target, "--by", "bald"]
    assert (
        "score.uncertainty.bald"
        in curate("select-for-annotation", published, *options, status=2).stderr
    )


def test_pairs_without_a_value_are_left_out_and_counted(tmp_path):
    pairs = [PAIRS[0]._replace(margin=float("nan")), PAIRS[1]._replace(margin=None), *PAIRS[2:9]]
    output = publish_to(tmp_path, pairs, [])
    done = curate("select-for-annotation", output, "--output", tmp_path / "t", "--by", "margin")
    assert "7 tasks in" in done.stdout
    assert "2 more have no margin" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name a file with --output FILE"),
        (["--output", "gone/t.jsonl"], "--output gone/t.jsonl: not a file in an existing folder"),
        (["--output", "t", "--by", "score"], "--by score: expected one of uncertainty"),
        (["--output", "t", "--routing", "g", "--by", "bald"], "--routing takes the place of"),
        (["--output", "t", "--routing", "gone.json"], "--routing gone.json: cannot be read"),
        (["--output", "t", "--encoder", "embedded"], "--encoder is for --routing or --features"),
        (["--output", "t", "--exclude", "gone.jsonl"], "gone.jsonl: cannot be read"),
        (["--output", "t", "--diversity", "1.5"], "less than or equal to 1"),
        (["--output", "t", "-k", "0"], "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_chosen_ends_with_status_2(
    published, tmp_path, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    done = curate("select-for-annotation", published, *options, status=2)
    assert message in done.stderr


def test_an_unknown_snapshot_is_named(published, tmp_path):
    options = ["--output", tmp_path / "t", "--snapshot", "00"]
    assert "no snapshot 00" in curate("select-for-annotation", published, *options, status=1).stderr


def test_routing_sends_the_pairs_whose_features_gain_most(published, tmp_path):
    wanted = "prompt_words:0-9"
    gains = Gains(0.0, {wanted: 0.1, "number:both": 0.2, "language:unknown": -5.0}, {})
    (tmp_path / "gains.json").write_text(json.dumps(to_json(gains)))
    options = ["-k", 6, "--routing", tmp_path / "gains.json", "--features"]
    tasks = choose(published, tmp_path / "t.jsonl", *options)
    best = sorted((-gains.gain(routing_features(pair)), pair.id) for pair in PAIRS)[:6]
    assert [task["id"] for task in tasks] == [pair_id for _, pair_id in best]
    for task in tasks:
        assert task["features"] == list(routing_features(by_id()[task["id"]]))
    (tmp_path / "bad.json").write_text('{"linear": {"a": "x"}}')
    options = ["--output", tmp_path / "t", "--routing", tmp_path / "bad.json"]
    done = curate("select-for-annotation", published, *options, status=2)
    assert "bad.json: a: expected a finite number" in done.stderr


def answered(tasks, annotator, prefers):
    """Tasks filled in by an annotator who `prefers(pair)` chosen, rejected, a tie or nothing."""
    rows = []
    for task in tasks:
        liked = prefers(by_id()[task["id"]])
        label = liked
        if liked in ("chosen", "rejected"):
            label = "A" if (liked == "chosen") == chosen_is_first(task["id"]) else "B"
        rows.append({**task, "label": label, "annotator": annotator})
    return rows


def test_labels_come_back_to_their_sides_and_pairs_are_chosen_again(dataset, tmp_path):
    tasks = choose(dataset, tmp_path / "t.jsonl", "-k", 10, "--by", "margin", *PLAIN, "--pool")
    odd = {pair.id for pair in PAIRS if pair.margin % 2}

    def ann(pair):
        return "rejected" if pair.id in odd else "chosen"

    rows = answered(tasks, "ann", ann) + answered(tasks[:4], "", lambda _: "tie")
    rows += [{**tasks[4], "label": "Skip", "annotator": "bob"}, tasks[5]]
    done_file = write(tmp_path / "done.jsonl", rows)
    changes = ["--set", "select.jury_share={min: 0.5, missing: keep}"]
    done = curate("import-labels", dataset, done_file, "--annotator", "bob", *changes)
    assert "14 labels of 10 pairs, 1 skipped, 1 not labelled" in done.stdout
    assert "for the chosen reply 5 (50.0% of those for one side)" in done.stdout
    assert "ties 4" in done.stdout
    assert "ann and bob: kappa 0.000 on 4 pairs" in done.stdout
    kept = {pair.id: pair for split in ("train", "test") for pair in read_pairs(dataset, split)}
    for task in tasks:
        by_ann = 0.0 if task["id"] in odd else 1.0
        with_bob = task in tasks[:4]
        share = (by_ann + 0.5) / 2 if with_bob else by_ann
        assert (task["id"] in kept) == (share >= 0.5)
        if task["id"] in kept:
            expected = [NamedScore("ann", by_ann)] + [NamedScore("bob", 0.5)] * with_bob
            assert list(kept[task["id"]].labels) == expected
            assert kept[task["id"]].jury_share == share
    against = sum(task["id"] in odd for task in tasks)
    assert f"{len(kept)} pairs kept, {KEPT} before; {POOLED} newly kept" in done.stdout
    assert f"{against} newly dropped" in done.stdout
    described = inspect_snapshot(dataset)
    assert described["rows"]["train"] + described["rows"]["test"] == len(kept)


def test_importing_again_replaces_an_annotator_s_labels(dataset, tmp_path):
    (task,) = choose(dataset, tmp_path / "t.jsonl", "-k", 1, "--by", "margin")
    for label, share in (("a", float(chosen_is_first(task["id"]))), ("tie", 0.5)):
        file = write(tmp_path / "d.jsonl", [{"id": task["id"], "label": label}])
        curate("import-labels", dataset, file, "--annotator", "ann")
        found = [p for s in ("train", "test") for p in read_pairs(dataset, s) if p.labels]
        assert [list(pair.labels) for pair in found] == [[NamedScore("ann", share)]]


def test_a_flipped_pair_is_shown_as_it_was_measured(tmp_path):
    turned = flipped(PAIRS[3])._replace(split="train")
    output = publish_to(tmp_path, [*PAIRS[:3], turned], [PAIRS[3], *POOL])
    for options in (["-k", 4], ["-k", 40, "--pool"]):
        tasks = choose(output, tmp_path / "t.jsonl", "--by", "margin", *options)
        (shown,) = (task for task in tasks if "case 3." in task["prompt"][0]["content"])
        assert shown["id"] == PAIRS[3].id
        first = "response_a" if chosen_is_first(PAIRS[3].id) else "response_b"
        assert shown[first] == PAIRS[3].chosen[0].content
    file = write(tmp_path / "d.jsonl", answered([shown], "ann", lambda _: "chosen"))
    done = curate("import-labels", output, file)
    assert "for the chosen reply 1" in done.stdout


def test_files_of_an_earlier_version_lack_columns_and_are_read(tmp_path):
    output = publish_to(tmp_path, PAIRS, [])
    later = {"flags", "language", "implicit_margin", "predictive_entropy"}
    for path in (tmp_path / "out").rglob("data/*.parquet"):
        table = pq.read_table(path)
        kept = [name for name in table.column_names if name not in later]
        metadata = {**table.schema.metadata, VERSION_KEY: b"4"}
        pq.write_table(table.select(kept).replace_schema_metadata(metadata), path)
    assert len(choose(output, tmp_path / "t.jsonl", "--by", "margin", "--features")) == KEPT
    options = ["--by", "implicit_margin", "--output", tmp_path / "t"]
    done = curate("select-for-annotation", output, *options, status=2)
    assert f"none of the {KEPT} pairs has a value in implicit_margin" in done.stderr


def test_rows_that_cannot_be_used_are_listed_and_the_others_count(dataset, tmp_path):
    known = PAIRS[0].id
    lines = [
        json.dumps({"id": known, "label": "a", "annotator": "ann"}),
        json.dumps({"id": known, "label": "a", "annotator": "ann"}),
        json.dumps({"id": known, "label": "b", "annotator": "ann"}),
        json.dumps({"id": "no such pair", "label": "a", "annotator": "ann"}),
        json.dumps({"id": known, "label": "first", "annotator": "\x1b[2Jann"}),
        json.dumps({"id": PAIRS[1].id, "label": "a"}),
        "{not json",
        "",
        "[]",
    ]
    file = tmp_path / "done.jsonl"
    file.write_text("\n".join(lines) + "\n")
    strict = curate("import-labels", dataset, file, "--strict", status=2)
    assert "6 rows cannot be used:" in strict.stderr
    before = inspect_snapshot(dataset)["snapshot"]
    done = curate("import-labels", dataset, file)
    assert "1 labels of 1 pairs, 1 said twice" in done.stdout
    for line, message in (
        (3, "label: 'ann' has given another label for this pair before"),
        (4, "id: no pair 'no such pair' in the dataset"),
        (5, "label: expected a, b, tie or skip; got 'first'"),
        (6, "annotator: nobody is named; name one with --annotator"),
        (7, "unexpected"),
        (9, "expected an object with id and label"),
    ):
        assert f"done.jsonl: line {line}: {message}" in done.stderr
    assert inspect_snapshot(dataset)["snapshot"] != before


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no label to import"),
        ([{"id": PAIRS[0].id, "label": "skip", "annotator": "x"}], "no label to import"),
        ([{"id": "x", "label": "a", "annotator": "x"}], "line 1: id: no pair 'x'"),
    ],
    ids=["nothing", "skipped", "unknown"],
)
def test_without_a_label_nothing_is_published(published, tmp_path, rows, message):
    before = inspect_snapshot(published)["snapshot"]
    file = write(tmp_path / "d.jsonl", rows)
    assert message in curate("import-labels", published, file, status=2).stderr
    assert inspect_snapshot(published)["snapshot"] == before


def test_what_is_not_of_the_selection_cannot_be_changed(published, tmp_path):
    file = write(tmp_path / "d.jsonl", [{"id": PAIRS[0].id, "label": "a", "annotator": "x"}])
    done = curate("import-labels", published, file, "--set", "seed=3", status=2)
    assert "only keys of select" in done.stderr
    assert (
        "gone.jsonl: cannot be read"
        in curate("import-labels", published, tmp_path / "gone.jsonl", status=2).stderr
    )
