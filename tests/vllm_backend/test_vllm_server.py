"""vLLM's own server on loopback, asked through the `openai` backend."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from vllm_processes import processes_of

from curation.models import embedded
from curation.models.openai_model import OpenAIModel
from curation.models.protocols import GenerationRequest, Guide
from schemas.records import Message

COLOURS = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "green", "blue"]}, "bright": {"type": "boolean"}},
    "required": ["colour", "bright"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Base address of a running server; it ends with the module's last test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("vllm") / "log"
    options = (
        f"--host 127.0.0.1 --port {port} --served-model-name embedded --dtype float32 "
        f"--max-model-len 2048 --enforce-eager --kv-cache-memory-bytes {1 << 30} --block-size 32"
    )
    with log.open("wb") as output:
        # Not `vllm serve`: that one looks for a package of the name vllm, the CPU's has another.
        module = "vllm.entrypoints.openai.api_server"
        program = subprocess.Popen(
            [sys.executable, "-m", module, "--model", embedded.fetch("float32"), *options.split()],
            stdout=output,
            stderr=output,
            env={**os.environ, "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"},
            start_new_session=True,
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/health", program, log)
        yield f"http://127.0.0.1:{port}/v1"
        program.terminate()
        program.wait(timeout=60)
        _, left = psutil.wait_procs(processes_of(program.pid), timeout=60)
        assert not left
    finally:
        for process in processes_of(program.pid):
            process.kill()


@pytest.fixture(scope="module")
def served(server):
    model = OpenAIModel(server, "embedded")
    yield model
    model.close()


@pytest.fixture(scope="module")
def eight(questions):
    return [GenerationRequest(messages, seed, 24) for seed, messages in enumerate(questions)]


@pytest.fixture(scope="module")
def together(served, eight):
    return served.generate(eight)


def test_a_greedy_reply_is_that_of_the_transformers_backend(served, float32_model, questions):
    asked = [GenerationRequest(messages, 0, 16, temperature=0.0) for messages in questions[:3]]
    asked.append(GenerationRequest([Message("user", "Say hi.")], 0, 40, temperature=0.0))
    for [here], [there] in zip(served.generate(asked), float32_model.generate(asked), strict=True):
        assert (here.text, here.finish_reason) == (there.text, there.finish_reason)
        assert here.prompt_tokens == there.prompt_tokens
        if here.log_probability is not None:
            assert here.log_probability == pytest.approx(there.log_probability, abs=1e-2)


def test_the_same_seed_gives_the_same_reply_and_another_seed_another(server, eight, together):
    # A model of its own: the other one may keep answers.
    model = OpenAIModel(server, "embedded")
    try:
        assert texts(model.generate(eight[:3])) == texts(together)[:3]
        other = model.generate([r._replace(seed=r.seed + 100) for r in eight[:3]])
    finally:
        model.close()
    for one, another in zip(texts(other), texts(together)[:3], strict=True):
        assert one != another


def test_samples_of_one_request_differ(served, eight):
    [samples] = served.generate([eight[0]._replace(n=4, seed=50)])
    assert len({sample.text for sample in samples}) == 4


def test_a_choice_is_one_of_the_texts(served, questions):
    guide = Guide(choices=["yes", "no", "It depends."])
    asked = [GenerationRequest(q, 1, temperature=1.5, n=3, guide=guide) for q in questions[:3]]
    chosen = [completion.text for answer in served.generate(asked) for completion in answer]
    assert len(chosen) == 9
    assert set(chosen) <= set(guide.choices)


def test_an_answer_guided_by_a_schema_is_json_of_that_schema(served):
    guide = Guide(json_schema=json.dumps(COLOURS))
    asked = GenerationRequest([Message("user", "Name a colour.")], 2, 200, n=4, guide=guide)
    [answers] = served.generate([asked])
    for answer in answers:
        value = json.loads(answer.text)
        assert list(value) == ["colour", "bright"]
        assert value["colour"] in ("red", "green", "blue")
        assert value["bright"] in (True, False)


def test_eight_requests_at_once_are_answered_as_one_at_a_time(server, eight, together):
    model = OpenAIModel(server, "embedded", concurrency=8)
    try:
        with ThreadPoolExecutor(8) as pool:
            at_once = list(pool.map(lambda request: model.generate([request])[0], eight))
    finally:
        model.close()
    alone = OpenAIModel(server, "embedded", concurrency=1)
    try:
        one_at_a_time = alone.generate(eight)
    finally:
        alone.close()
    assert texts(at_once) == texts(one_at_a_time) == texts(together)


def texts(answers):
    return [[completion.text for completion in answer] for answer in answers]


def wait_until_healthy(url, program, log):
    """Wait for the server, but not for one that has ended or takes ten minutes."""
    for _ in range(600):
        assert program.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(1)
    raise AssertionError(log.read_text(errors="replace")[-3000:])
