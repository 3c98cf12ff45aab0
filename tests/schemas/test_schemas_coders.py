"""Records keep their class on the wire, in whichever process they are decoded."""

import pickle
import subprocess
import sys

from apache_beam import coders

import schemas.coders  # noqa: F401 (registers them)
from schemas.records import PreferencePair, Provenance, Reject

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
    assert decoded.provenance._replace(models=("policy=m@r",), prompts=()) == PROVENANCE
    assert decoded.chosen_score == 0.5
    assert decoded.margin is None
