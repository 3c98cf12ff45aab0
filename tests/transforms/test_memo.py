"""Memoized inference: what was answered is never asked again, however a run is cut up or ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apache_beam as beam
import pytest
from memo_pipeline_driver import LOG, SECONDS, asked, load_counting, load_real, numbered, reply_to

from curation.models.isolation import Failure
from curation.models.protocols import GenerationRequest, HiddenRequest, JointRequest
from curation.models.tasks import GENERATION
from schemas.records import Message
from transforms import Generate, MeasureJointly, ModelSettings
from transforms.inference import AskModel, Encode
from transforms.memo import Memo, Memoize
from transforms.memo_compaction import compact

HERE = str(Path(__file__).parent)
TWO_PROCESSES = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")


@pytest.fixture
def log(tmp_path, monkeypatch):
    """The file in which the backend notes what it is asked."""
    path = tmp_path / "asked.txt"
    monkeypatch.setenv(LOG, str(path))
    monkeypatch.setenv("PYTHONPATH", HERE)  # for worker processes
    return path


@pytest.fixture
def memo(tmp_path):
    return Memo(str(tmp_path / "memo"), "r")


def run(collected, inference, memo, elements, options=()):
    """The answers to elements, by context, and the pipeline's counters."""
    pipeline = beam.Pipeline(argv=["--runner=FnApiRunner", *options])
    # Several workers have work to do only where there is something to part.
    asking = pipeline | beam.Create(elements) | beam.Reshuffle()
    collected.take("answers", asking | (Memoize(inference, memo) if memo else inference))
    result = pipeline.run()
    result.wait_until_finish()
    counters = {m.key.metric.name: m.committed for m in result.metrics().query()["counters"]}
    return dict(collected["answers"]), counters


def counting(load=load_counting, **settings):
    return Generate(ModelSettings(**settings), load)


def test_the_second_run_asks_nothing_and_gives_the_same(collected, log, memo):
    elements = numbered(300)
    first, counters = run(collected, counting(), memo, elements)
    assert len(asked(log)) == 300
    assert (counters["memo_hits"], counters["memo_misses"]) == (0, 300)
    assert counters["memo_kept"] == 300
    second, counters = run(collected, counting(), memo, elements)
    assert len(asked(log)) == 300
    assert (counters["memo_hits"], counters["memo_misses"]) == (300, 0)
    assert first == second == {n: reply_to(request) for n, request in elements}


def test_only_what_is_new_is_asked(collected, log, memo):
    run(collected, counting(), memo, numbered(100))
    run(collected, counting(), memo, numbered(130))
    assert sorted(asked(log)) == sorted(request.messages[0].content for _, request in numbered(130))


@pytest.mark.parametrize(
    ("settings", "order", "options"),
    [
        ({"batch_size": 1}, 1, ()),
        ({"batch_size": 500}, 1, ()),
        ({"token_budget": 64}, 1, ()),
        ({"accelerator": "type:nvidia-l4;count:1"}, 1, ()),
        ({}, -1, ()),
        ({}, 1, TWO_PROCESSES),
    ],
    ids=["batches of one", "large batches", "token budget", "accelerator", "order", "processes"],
)
def test_how_the_work_is_cut_up_does_not_matter(collected, log, memo, settings, order, *, options):
    elements = numbered(60)
    first, _ = run(collected, counting(), memo, elements)
    second, _ = run(collected, counting(**settings), memo, elements[::order], options)
    assert len(asked(log)) == 60
    assert first == second


def test_what_two_processes_have_kept_is_found_by_one(collected, log, memo):
    run(collected, counting(batch_size=4), memo, numbered(60), TWO_PROCESSES)
    assert sorted(asked(log)) == sorted(request.messages[0].content for _, request in numbered(60))
    run(collected, counting(), memo, numbered(60))
    assert len(asked(log)) == 60


@pytest.mark.parametrize(
    "settings",
    [{"name": "other"}, {"name": "embedded@2"}, {"dtype": "float32"}, {"max_context": 512}],
    ids=["model", "revision", "dtype", "window"],
)
def test_another_model_is_asked_anew(collected, log, memo, settings):
    run(collected, counting(), memo, numbered(5))
    run(collected, counting(**settings), memo, numbered(5))
    assert len(asked(log)) == 10


def test_a_task_with_another_version_is_asked_anew(collected, log, memo):
    run(collected, counting(), memo, numbered(5))
    task = GENERATION._replace(version=GENERATION.version + 1)
    run(collected, AskModel(ModelSettings(), task, load_counting), memo, numbered(5))
    assert len(asked(log)) == 10


@pytest.mark.parametrize(
    "change",
    [{"seed": 99}, {"temperature": 0.1}, {"max_new_tokens": 7}, {"n": 2}],
    ids=lambda change: next(iter(change)),
)
def test_another_request_is_asked_anew(collected, log, memo, change):
    elements = numbered(5)
    run(collected, counting(), memo, elements)
    run(collected, counting(), memo, [(n, r._replace(**change)) for n, r in elements])
    assert len(asked(log)) == 10


def test_equal_requests_are_asked_once_for_all_their_contexts(collected, log, memo):
    [(_, request)] = numbered(1)
    elements = [(context, request) for context in range(20)]
    answers, counters = run(collected, counting(), memo, elements)
    assert len(asked(log)) == 1
    assert answers == dict.fromkeys(range(20), reply_to(request))
    assert counters["memo_misses"] == 20


def test_a_failure_is_not_kept_and_is_asked_again(collected, log, memo):
    elements = [(n, numbered(n + 1, "poison" if n == 3 else "Say")[n][1]) for n in range(8)]
    for _ in range(2):
        answers, _ = run(collected, counting(), memo, elements)
        assert answers.pop(3) == Failure("value", "the backend broke")
        assert answers == {n: reply_to(request) for n, request in elements if n != 3}
    poisoned = [text for text in asked(log) if "poison" in text]
    assert len(poisoned) == 2
    assert len(asked(log)) == 9


def test_answers_are_found_after_compaction(collected, log, memo):
    elements = numbered(200)
    first, _ = run(collected, counting(), memo, elements)
    compact(*memo)
    second, _ = run(collected, counting(), Memo(memo.store, "later"), elements)
    assert len(asked(log)) == 200
    assert first == second


def test_an_object_store_serves_as_well(collected, log):
    sys.path.append(str(Path(__file__).parents[1] / "sinks"))
    from sinks_memory_filesystem import OBJECTS

    elements = numbered(200)
    try:
        for name in ("first", "second", "third"):
            run(collected, counting(batch_size=16), Memo("mem://bucket/memo", name), elements)
            compact("mem://bucket/memo", name)
            assert len([path for path in OBJECTS if path.startswith("mem://bucket/memo/")]) == 1
    finally:
        OBJECTS.clear()
    assert len(asked(log)) == 200


PROMPT = (Message("user", "Name a colour."),)
ASK = {
    "generate": (Generate, GenerationRequest(PROMPT, seed=3, max_new_tokens=4)),
    "encode": (Encode, HiddenRequest(PROMPT, ("Red.", "Blue it is."))),
    "measure": (MeasureJointly, JointRequest(PROMPT, ("Red.", "Blue."), ("Thanks!", "No."))),
}


@pytest.mark.parametrize("kind", ASK)
def test_the_real_model_gives_the_same_off_cold_and_warm(model, collected, log, memo, kind):
    transform, request = ASK[kind]
    elements = [("one", request), ("two", request._replace(**{request._fields[0]: PROMPT * 3}))]
    off, _ = run(collected, transform(), None, elements)
    cold, _ = run(collected, transform(ModelSettings(), load_real), memo, elements)
    warm, counters = run(collected, transform(ModelSettings(), load_real), memo, elements)
    assert counters["memo_hits"] == 2
    assert len(asked(log)) == 2
    assert off == cold == warm


def kept_when_killed(root, log, batches):
    """Run a slow pipeline, kill it after some batches; the texts that it asked for."""
    code = "import sys, memo_pipeline_driver as driver; driver.main(sys.argv[1])"
    environment = {**os.environ, SECONDS: "0.05"}
    process = subprocess.Popen([sys.executable, "-c", code, root], env=environment)
    deadline = time.monotonic() + 120
    while len(asked(log)) < batches * 8 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return asked(log)


def test_after_a_kill_only_the_batch_in_flight_is_asked_again(collected, log, memo):
    before = kept_when_killed(memo.store, log, batches=10)
    assert 80 <= len(before) < 400
    log.unlink()
    answers, counters = run(
        collected, counting(batch_size=8), Memo(memo.store, "again"), numbered(400)
    )
    assert set(answers) == set(range(400))
    again = set(before) & set(asked(log))
    assert len(again) <= 8
    assert again <= set(before[-8:])
    assert counters["memo_hits"] == len(before) - len(again)
