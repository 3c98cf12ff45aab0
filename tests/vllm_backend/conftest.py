"""The embedded model inside of vLLM: `make test-vllm` runs this folder in its own environment.

Without vLLM there is nothing to collect here, and pytest says so if that was all it had to do.
"""

import importlib.util
import json
from pathlib import Path

import pytest

from curation.models import embedded
from curation.models.loading import load_model
from schemas.records import Message

if not importlib.util.find_spec("vllm"):
    collect_ignore_glob = ["*"]

SAMPLE = Path(__file__).parents[2] / "pipelines/samples/oasst_sample.jsonl"


@pytest.fixture(scope="session")
def vllm_model():
    """The embedded model in float32, run by vLLM in this process."""
    model = load_model(f"vllm:{embedded.fetch('float32')}", dtype="float32", max_context=2048)
    yield model
    model.close()


@pytest.fixture(scope="session")
def questions():
    """Real prompts of 50 to 500 tokens: a question with more and more of its first answer."""
    trees = [json.loads(line)["prompt"] for line in SAMPLE.read_bytes().splitlines()]
    texts = [f"{tree['text']} {tree['replies'][0]['text'] * 4}" for tree in trees]
    return [[Message("user", text[: 100 + 250 * n])] for n, text in enumerate(texts[:8])]
