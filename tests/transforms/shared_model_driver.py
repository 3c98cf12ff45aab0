"""A pipeline with two worker processes and a model that notes where it is loaded and used."""

import os
import sys
import time
from functools import partial
from pathlib import Path

import apache_beam as beam

from curation.models.protocols import Completion, GenerationRequest
from schemas.records import Message
from transforms import Generate, ModelSettings


class Counting:
    """Answers with the number of requests; there is nothing to compute here but the sharing."""

    def generate(self, requests):
        time.sleep(0.2)
        return [[Completion(f"{len(requests)}", "stop", 1, 1)] for _ in requests]


def load(log, settings):
    """Load, and note it."""
    with Path(log).open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(2)  # a second process comes meanwhile
    return Counting()


def note_worker(log, element):
    """Note which process carries an element."""
    with Path(f"{log}.workers").open("a+") as file:
        file.seek(0)
        if f"{os.getpid()}\n" not in file.readlines():
            file.write(f"{os.getpid()}\n")
    time.sleep(0.2)
    return element


def main():
    """Run 40 requests through two processes."""
    log = sys.argv[1]
    options = ["--runner=FnApiRunner", "--direct_num_workers=2"]
    options.append("--direct_running_mode=multi_processing")
    with beam.Pipeline(argv=options) as pipeline:
        requests = [(n, GenerationRequest((Message("user", f"{n}"),), seed=n)) for n in range(40)]
        _ = (
            pipeline
            | beam.Create(requests)
            | beam.Reshuffle()
            | beam.Map(partial(note_worker, log))
            | Generate(ModelSettings(batch_size=2), partial(load, log))
        )


if __name__ == "__main__":
    main()
