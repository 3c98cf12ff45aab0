"""Voted answers become pairs in a pipeline, as an independent script finds them in the file."""

import random
from pathlib import Path

import apache_beam as beam
import pytest
from transforms_collecting import Collected
from votes_oracle import expected_pairs

from curation.documents.votes import VoteSettings
from schemas.errors import UsageError
from schemas.records import Document
from transforms.ingest import ReadRecords
from transforms.votes import PairVotes

SAMPLE = Path(__file__).parents[1] / "data" / "votes" / "Posts.xml"


@pytest.fixture(scope="module")
def posts(tmp_path_factory):
    """The questions and answers of the sample, as they are read."""
    read = Collected(tmp_path_factory.mktemp("posts"))
    with beam.Pipeline("FnApiRunner") as pipeline:
        read.take("posts", (pipeline | ReadRecords(str(SAMPLE), kind="documents")).documents)
    return read["posts"]


def run(collected, records, transform):
    """Take documents through pairing; gives its pairs, drops, rejects and summed counts."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        done = pipeline | beam.Create(records) | transform
        for name, outputs in done._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    return {key: n for (_, key), n in collected["counts"]}


@pytest.mark.parametrize(
    ("settings", "oracle"),
    [
        (VoteSettings(), {}),
        (VoteSettings(1, 1.0, -9, max_pairs_per_question=3),
         {"margin": 1, "ratio": 1.0, "least": -9, "most": 3}),
        (VoteSettings(3, 2.5, 4), {"margin": 3, "ratio": 2.5, "least": 4}),
    ],
)  # fmt: skip
def test_pairs_and_counts_are_those_of_an_independent_script(settings, oracle, posts, collected):
    native = {post.id: post.metadata["native_id"] for post in posts}
    assert len(native) == len(posts)
    counts = run(collected, posts, PairVotes(settings))
    answered, table = expected_pairs(SAMPLE, **oracle)
    found = {
        (*(native[i] for i in pair.provenance.documents), int(pair.margin))
        for pair in collected["pairs"]
    }
    assert len(table) > 5
    assert found == set(table.rows())
    assert len(collected["pairs"]) == len(table)
    assert counts["in"] == answered
    assert counts["out"] == table["ParentId"].n_unique()
    assert counts["in"] == counts["out"] + len(collected["drops"])


def test_posts_that_cannot_take_part_are_noted_and_not_lost(posts, collected):
    answers = [post for post in posts if post.parent_id]
    strays = [
        answers[0]._replace(metadata={**answers[0].metadata, "thread": ""}),
        answers[1]._replace(votes=None),
        answers[2]._replace(parent_id="404", metadata={**answers[2].metadata, "native_id": "x"}),
        answers[3],
        answers[4]._replace(metadata={**answers[4].metadata, "kind": "mail"}),
    ]
    counts = run(collected, posts + strays, PairVotes())
    notes = {key: n for key, n in counts.items() if key.startswith("note:")}
    expected = dict.fromkeys(
        ("note:other_kind", "note:no_thread", "note:no_votes", "note:orphan", "note:copy"), 1
    )
    assert expected.items() <= notes.items()


def test_a_file_given_twice_in_any_order_gives_the_same_pairs(posts, collected):
    run(collected, posts, PairVotes())
    once = sorted(collected["pairs"])
    twice = random.Random(3).sample(posts * 2, len(posts) * 2)
    counts = run(collected, twice, PairVotes())
    assert sorted(collected["pairs"]) == once
    assert counts["note:copy"] == len(posts)


def test_comments_on_answers_give_pairs_with_a_longer_prompt(collected):
    def post(native, votes, parent=None):
        said = {"native_id": native, "thread": "t", "kind": "comment" if parent else "submission"}
        at = float(ord(native))
        return Document(f"i-{native}", native, None, "r", votes, parent, "s", at, said)

    posts = [post("a", 1), post("b", 1, "a"), post("c", None, "b"), post("d", 1, "c"),
             post("e", 5, "c")]  # fmt: skip
    run(collected, posts, PairVotes(VoteSettings(max_depth=3)))
    (pair,) = collected["pairs"]
    assert [(m.role, m.content) for m in pair.prompt] == [
        ("user", "a"), ("assistant", "b"), ("user", "c")
    ]  # fmt: skip
    assert list(pair.provenance.documents) == ["i-c", "i-e", "i-d"]


def test_settings_are_checked_when_the_pipeline_is_built():
    with pytest.raises(UsageError, match="min_margin"):
        PairVotes(VoteSettings(min_margin=0))
