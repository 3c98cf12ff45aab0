"""Model work on Beam: batches that fail, and the real model through the whole stage."""

import subprocess
import sys
from pathlib import Path

import apache_beam as beam
import pytest

from curation.models.isolation import isolate_failures
from curation.models.loading import load_model
from curation.models.protocols import GenerationRequest
from schemas.errors import ModelError
from schemas.records import Message, Reject
from transforms import Generate, ModelSettings, PartFailures


class Poisoned:
    """The real embedded model behind a backend that breaks on some prompts."""

    def __init__(self, model):
        self._model = model

    def generate(self, requests):
        if any("poison" in request.messages[1].content for request in requests):
            raise ValueError("the backend broke")
        return self._model.generate(requests)


def load_poisoned(settings):
    return Poisoned(load_model(settings.name, settings.dtype))


def load_nothing(settings):
    raise ModelError(f"model {settings.name!r} cannot be loaded: out of order")


def prompt(text):
    # With a system message of its own, or the template would put in a long one.
    messages = (Message("system", "."), Message("user", text))
    return GenerationRequest(messages, seed=1, max_new_tokens=1)


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_500_prompts_of_which_5_poison_the_backend_give_495_answers_and_5_rejects(
    model, batch_size, collected
):
    texts = [f"Say {n}." + " poison" * (n % 100 == 37) for n in range(500)]
    with beam.Pipeline("FnApiRunner") as pipeline:
        asked = pipeline | beam.Create([(text, prompt(text)) for text in texts])
        generated = asked | Generate(ModelSettings(batch_size=batch_size), load_poisoned)
        parted = generated | PartFailures("generate")
        collected.take("answers", parted.answers)
        collected.take("rejects", parted.rejects)
    answers = dict(collected["answers"])
    assert answers.keys() == {text for text in texts if "poison" not in text}
    assert all(len(completions) == 1 for completions in answers.values())
    assert len(answers) == len(collected["answers"]) == 495
    assert sorted(collected["rejects"]) == sorted(
        Reject("generate", "value", "the backend broke", text, "", 0)
        for text in texts
        if "poison" in text
    )


def test_what_the_real_model_answers_does_not_depend_on_the_batch_or_the_order(model, collected):
    requests = {f"Say {n}.": prompt(f"Say {n}.")._replace(max_new_tokens=6) for n in range(20)}
    expected = {text: model.generate([request])[0] for text, request in requests.items()}
    for batch_size, order in ((20, 1), (3, -1)):
        with beam.Pipeline("FnApiRunner") as pipeline:
            asked = pipeline | beam.Create(list(requests.items())[::order])
            generated = asked | Generate(ModelSettings(batch_size=batch_size))
            collected.take(f"answers {order}", generated)
        assert dict(collected[f"answers {order}"]) == expected


def test_a_model_that_cannot_load_ends_the_run_with_its_message():
    with (
        pytest.raises(Exception, match="cannot be loaded: out of order"),
        beam.Pipeline("FnApiRunner") as pipeline,
    ):
        _ = pipeline | beam.Create([("a", prompt("a"))]) | Generate(load=load_nothing)


def test_only_model_stages_ask_for_an_accelerator():
    pipeline = beam.Pipeline("FnApiRunner")
    hint = "type:nvidia-l4;count:1;install-nvidia-driver"
    created = pipeline | beam.Create([("a", prompt("a"))])
    _ = created | Generate(ModelSettings(accelerator=hint)) | "after" >> beam.Map(print)
    proto = pipeline.to_runner_api()
    environments = proto.components.environments
    hinted = {
        transform.unique_name
        for transform in proto.components.transforms.values()
        if not transform.subtransforms and environments[transform.environment_id].resource_hints
    }
    assert any("Run inference" in name for name in hinted)
    assert all("Generate" in name for name in hinted)
    [payload] = {p for e in environments.values() for p in e.resource_hints.values()}
    assert payload == hint.encode()


def test_a_stage_tells_its_tokens_batches_and_latency(model):
    pipeline = beam.Pipeline("FnApiRunner")
    _ = (
        pipeline
        | beam.Create([(n, prompt(f"Say {n}.")) for n in range(6)])
        | Generate(ModelSettings(batch_size=3))
    )
    result = pipeline.run()
    result.wait_until_finish()
    metrics = result.metrics().query()
    counters = {m.key.metric.name: m.committed for m in metrics["counters"]}
    distributions = {m.key.metric.name: m.committed for m in metrics["distributions"]}
    assert counters["num_inferences"] == 6
    assert counters["tokens"] > 6 * 10
    assert counters["failures"] == 0
    assert distributions["inference_batch_latency_micro_secs"].count == 2


def test_two_processes_of_a_machine_share_one_copy(tmp_path):
    log = tmp_path / "loads"
    program = Path(__file__).parent / "shared_model_driver.py"
    subprocess.run([sys.executable, program, log], check=True, timeout=300)
    assert len(log.read_text().splitlines()) == 1
    assert len((tmp_path / "loads.workers").read_text().splitlines()) > 1


def test_a_batch_that_is_answered_short_is_a_failure():
    answers = isolate_failures(lambda items: items[:-1], [1, 2, 3])
    assert [answer.reason for answer in answers] == ["runtime"] * 3
