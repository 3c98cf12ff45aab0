"""Backends that note in a file what they are asked, and a slow pipeline that a test can kill.

`main` takes the store. The file, and how long a batch takes, are named by environment variables,
which worker processes have, too. What is computed here does not matter to the tests but for
`load_real`; what is asked does.
"""

import os
import time
from pathlib import Path

import apache_beam as beam

from curation.models.loading import load_model
from curation.models.protocols import Completion, GenerationRequest
from schemas.records import Message
from transforms import Generate, ModelSettings
from transforms.memo import Memo, Memoize

LOG = "PREFSTREAM_TEST_ASKED"
SECONDS = "PREFSTREAM_TEST_SECONDS"


def asked(log):
    """The texts that were asked for, in order; half a line at the end does not count."""
    return Path(log).read_text().split("\n")[:-1] if Path(log).exists() else []


def numbered(count, verb="Say"):
    """Requests with a number each, as `(context, request)`."""
    texts = [f"{verb} {n}." for n in range(count)]
    return [
        (n, GenerationRequest((Message("user", text),), seed=n)) for n, text in enumerate(texts)
    ]


def reply_to(request):
    """What the counting backend answers."""
    text = f"{request.messages[0].content} ({request.seed})"
    return [Completion(text, "stop", 3, 2, -1 / 3)] * request.n


class Counting:
    """Answers with the prompt, breaks on poison, and notes each request that it answers."""

    def generate(self, requests):
        if any("poison" in request.messages[0].content for request in requests):
            if len(requests) == 1:
                note(requests)
            raise ValueError("the backend broke")
        note(requests)
        time.sleep(float(os.environ.get(SECONDS, "0")))
        return [reply_to(request) for request in requests]


class Real:
    """The embedded model, which notes what it is asked."""

    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        def ask(requests):
            note(requests)
            return getattr(self._model, name)(requests)

        return ask


def note(requests):
    """Add a line for each request, before it is answered."""
    lines = [f"{request[0][0].content}\n" for request in requests]
    with open(os.environ[LOG], "a") as file:  # noqa: PTH123 (one write, to add whole lines)
        file.write("".join(lines))


def load_counting(settings):
    return Counting()


def load_real(settings):
    return Real(load_model(settings.name, settings.dtype))


def main(store):
    """Ask for 400 replies in batches of 8."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        ask = Generate(ModelSettings(batch_size=8), load_counting)
        _ = pipeline | beam.Create(numbered(400)) | Memoize(ask, Memo(store, "killed"))
