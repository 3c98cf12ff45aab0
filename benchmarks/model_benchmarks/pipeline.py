"""What Beam costs around a model: `Generate` against the backend called directly."""

import time
from typing import Any

import apache_beam as beam

from curation.models.protocols import GenerationRequest
from model_benchmarks.scoring import _model, _timed
from schemas.records import Message
from transforms import Generate, ModelSettings

PROMPTS = 500
_held: dict[str, Any] = {}


def overhead(rounds: int) -> dict[str, Any]:
    """500 prompts, the same model object on both sides, results compared."""
    model = _held["model"] = _model("auto")
    requests = [
        GenerationRequest(
            (Message("system", "."), Message("user", f"Write {n} as a word.")), n, max_new_tokens=4
        )
        for n in range(PROMPTS)
    ]
    size = ModelSettings().batch_size
    ratios = []
    for _ in range(rounds):
        alone, expected = _timed(
            lambda: [
                answer
                for n in range(0, PROMPTS, size)
                for answer in model.generate(requests[n : n + size])
            ]
        )
        seconds, answers = _through_beam(requests)
        if answers != dict(enumerate(expected)):
            raise SystemExit("Generate and the backend do not give the same")
        ratios.append(seconds / alone)
    return {"ratios": ratios, "prompts": PROMPTS, "batch_size": size}


def _through_beam(requests: list[GenerationRequest]) -> tuple[float, dict[int, Any]]:
    found: dict[int, Any] = {}
    _held["found"] = found
    begun = time.perf_counter()
    with beam.Pipeline("FnApiRunner") as pipeline:
        asked = pipeline | beam.Create(list(enumerate(requests))) | Generate(load=_take)
        _ = asked | beam.Map(_note)
    return time.perf_counter() - begun, found


def _take(settings: ModelSettings) -> Any:
    return _held["model"]


def _note(answer: tuple[int, Any]) -> None:
    _held["found"][answer[0]] = answer[1]
