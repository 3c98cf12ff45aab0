"""50,000 requests to a model that does nothing: cold, warm, and without a memo."""

import tempfile
import time
import uuid
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from curation.models.protocols import Completion, GenerationRequest
from schemas.records import Message
from transforms import Generate, Memo, Memoize, ModelSettings
from transforms.memo_compaction import compact
from transforms.memo_store import close_memo

RECORDS = 50_000
_PER_SEED = 50


class _Idle:
    def generate(self, requests: list[GenerationRequest]) -> list[list[Completion]]:
        return [[Completion("a short reply " * 5, "stop", 100, 20)] for _ in requests]


def throughput(rounds: int) -> dict[str, Any]:
    """Records per second through a warm `Memoize`; the counts of hits and misses are checked."""
    cold, warm, off = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as store:
            off.append(_speed(None, {}))
            memo = Memo(store, uuid.uuid4().hex)
            cold.append(_speed(memo, {"memo_misses": RECORDS}))
            compact(*memo)
            warm.append(_speed(Memo(store, uuid.uuid4().hex), {"memo_hits": RECORDS}))
    return {"ratios": warm, "records": RECORDS, "cold": cold, "without_memo": off}


def _speed(memo: Memo | None, expected: dict[str, int]) -> float:
    ask = Generate(load=_load)
    pipeline = beam.Pipeline("FnApiRunner")
    created = pipeline | beam.Create(range(RECORDS // _PER_SEED)) | beam.FlatMap(_requests)
    answers = created | (Memoize(ask, memo) if memo else ask)
    _ = answers | beam.ParDo(_Count())
    begun = time.perf_counter()
    result = pipeline.run()
    result.wait_until_finish()
    seconds = time.perf_counter() - begun
    if memo:
        close_memo(memo.run)
    counters = {m.key.metric.name: m.committed for m in result.metrics().query()["counters"]}
    for name, n in {**expected, "answers": RECORDS}.items():
        if counters.get(name) != n:
            raise SystemExit(f"{name}: expected {n}, counted {counters.get(name)}")
    return RECORDS / seconds


def _load(settings: ModelSettings) -> _Idle:
    return _Idle()


def _requests(seed: int) -> Iterator[tuple[int, GenerationRequest]]:
    for n in range(seed * _PER_SEED, (seed + 1) * _PER_SEED):
        text = f"Question {n}: " + "what would you say to this? " * 15
        yield n, GenerationRequest((Message("user", text),), seed=n)


class _Count(beam.DoFn):
    def __init__(self) -> None:
        self._answers = Metrics.counter("benchmark", "answers")

    def process(self, _: object) -> None:
        self._answers.inc()
