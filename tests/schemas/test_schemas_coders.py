"""Records keep their class on the wire, in whichever process they are decoded."""

import pickle
import subprocess
import sys

from apache_beam import coders

import schemas.coders  # noqa: F401 (registers them)
from schemas.records import (
    CandidateScores,
    PreferencePair,
    Provenance,
    Rationale,
    Reject,
    RubricLevel,
)

PROVENANCE = Provenance("file", 3, "group", None, ("policy=m@r",), (), 1 << 62, "0.1.0")


def test_a_record_is_the_same_record_in_another_process():
    coder = coders.registry.get_coder(Reject)
    reject = Reject("ingest", "not_json", "né \U0001f600", "{", "a.jsonl", 7)
    code = (
        "import sys, pickle; coder, data = pickle.loads(sys.stdin.buffer.read());"
        "record = coder.decode(data); from schemas.records import Reject;"
        "assert type(record) is Reject; sys.stdout.buffer.write(pickle.dumps(record))"
    )
    sent = pickle.dumps((coder, coder.encode(reject)))
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)
    assert pickle.loads(done.stdout) == reject


def test_nested_records_and_missing_values_survive():
    pair = PreferencePair(
        "id",
        (),
        (),
        (),
        None,
        0.5,
        None,
        None,
        None,
        None,
        "m",
        "s",
        "c",
        None,
        "r",
        PROVENANCE,
        "",
    )
    coder = coders.registry.get_coder(PreferencePair)
    decoded = coder.decode(coder.encode(pair))
    assert type(decoded.provenance) is Provenance
    assert (
        decoded.provenance._replace(models=("policy=m@r",), prompts=(), documents=(), scores=())
        == PROVENANCE
    )
    assert decoded.chosen_score == 0.5
    assert decoded.margin is None


def test_records_inside_of_lists_keep_their_class():
    scores = (CandidateScores("judge", (1.5, 4.0)),)
    origin = PROVENANCE._replace(documents=("d",), derived_from="p", scores=scores)
    level = RubricLevel("clarity", "order", 0.5, 4.0, 2.5, None, "it wanders")
    pair = PreferencePair(
        "id", (), (), (), None, None, None, None, None, None, "m", "s", "c", None, None, origin, "",
        rationales=(Rationale("general", "A is right.", "first"),), rubric_levels=(level,),
    )  # fmt: skip
    coder = coders.registry.get_coder(PreferencePair)
    decoded = coder.decode(coder.encode(pair))
    assert list(decoded.provenance.scores[0].values) == [1.5, 4.0]
    assert decoded.provenance.scores[0].name == "judge"
    assert decoded.provenance.derived_from == "p"
    assert decoded.rationales == [Rationale("general", "A is right.", "first")]
    assert decoded.rubric_levels == [level]
    assert type(decoded.rubric_levels[0]) is RubricLevel
