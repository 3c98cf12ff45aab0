"""Pairs from real answers of a forum, with the real embedded models."""

import json
from pathlib import Path

import apache_beam as beam
import pytest

from curation.scoring.pairs import PairScoring
from curation.synthesis.reply import ReplySampling
from curation.synthesis.ugc import UgcSettings
from curation.synthesis.ugc_wording import leaks
from schemas import validate
from schemas.errors import UsageError
from schemas.ids import content_id
from schemas.records import Document
from transforms import Memo, ModelSettings, Role
from transforms.ugc import SynthesizeFromUserContent

FILE = Path(__file__).parents[1] / "data" / "ugc" / "answers.jsonl"
SAMPLING = ReplySampling(max_new_tokens=12, temperature=0.8, top_p=0.95, keep_truncated=True)
SETTINGS = UgcSettings(
    questions=3,
    question_tokens=24,
    samples=3,
    repeats=1,
    sampling=SAMPLING,
    signals=("judge", "follow_up_likelihood", "similarity"),
    scoring=PairScoring(("following",), 1),
    relevance=0.0,
)


def documents():
    """Four answers, and a question that nothing is to be made of."""
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    answers = [
        Document(
            content_id("document", row["text"]), row["text"], None, "beer", row["votes"],
            row["thread"], "stackexchange", None,
            {"kind": "answer", "thread": row["thread"], "position": row["position"]},
        )
        for row in rows
    ]  # fmt: skip
    asked = answers[0]._replace(id="q", text="What is citra?", metadata={"kind": "question"})
    return [*answers, asked]


def run(collected, transform, records=None):
    """Take documents through the stage; gives its outputs by name."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        made = pipeline | beam.Create(records or documents()) | transform
        for name, outputs in made._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    return collected


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Where the tests of this file keep what the model has answered."""
    return Memo(str(tmp_path_factory.mktemp("memo")))


def test_documents_become_pairs_and_every_one_is_accounted_for(model, encoder, collected, store):
    run(collected, SynthesizeFromUserContent(settings=SETTINGS, memo=store))
    counts, pairs = dict(collected["counts"]), collected["pairs"]
    assert counts["question", "in"] == 5
    assert counts["question", "drop:not_content"] == 1
    stages = ("question", "relevance", "responses", "reference_judge", "rank", "similarity")
    before = 5
    for stage in stages:
        taken = sum(n for (name, key), n in counts.items() if (name, key[:5]) == (stage, "drop:"))
        assert counts[stage, "in"] == before == counts.get((stage, "out"), 0) + taken
        before = counts.get((stage, "out"), 0)
    assert len(pairs) == before > 0
    assert len(pairs) + len(collected["drops"]) == 5
    assert not collected["rejects"]


def test_a_pair_says_where_it_comes_from_and_holds_all_scores(model, encoder, collected, store):
    run(collected, SynthesizeFromUserContent(settings=SETTINGS, memo=store))
    texts = {document.id: document for document in documents()}
    for pair in map(validate, collected["pairs"]):
        [source] = pair.provenance.documents
        judged, followed, alike = pair.provenance.scores
        assert [judged.name, followed.name, alike.name] == list(SETTINGS.signals)
        assert len(judged.values) == len(followed.values) == len(alike.values) in {2, 3}
        assert pair.chosen_score == max(judged.values) > min(judged.values) == pair.rejected_score
        assert all(1 <= level <= 5 for level in judged.values)
        assert pair.provenance.group == texts[source].metadata["thread"]
        roles = [name.partition("=")[0] for name in pair.provenance.models]
        assert roles == ["judge", "policy", "scorer", "encoder"]
        assert len(pair.provenance.prompts) == 4
        assert not leaks(pair.prompt[0].content, texts[source].text, 7)


def test_the_order_of_documents_and_the_size_of_batches_change_nothing(
    model, encoder, collected, store
):
    run(collected, SynthesizeFromUserContent(settings=SETTINGS, memo=store))
    first = collected["pairs"]
    # Without the memo: all of it is computed again.
    small = SETTINGS._replace(signals=("judge", "similarity"))
    two_by_two = Role(ModelSettings(batch_size=2))
    again = SynthesizeFromUserContent(two_by_two, two_by_two, settings=small)
    others = documents()[2::-1]
    run(collected, again, others)
    ids = [document.id for document in others]
    before = {p.id: p for p in first if p.provenance.documents[0] in ids}
    after = {p.id: p for p in collected["pairs"]}
    assert before.keys() == after.keys() != set()
    for name, pair in before.items():
        assert pair.margin == after[name].margin
        assert pair.provenance.scores[::2] == after[name].provenance.scores


def test_settings_that_give_no_pair_are_refused_before_anything_runs():
    with pytest.raises(UsageError):
        SynthesizeFromUserContent(settings=UgcSettings(signals=("luck",)))
