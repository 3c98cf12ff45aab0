"""Records, runs and datasets for the tests of the sinks, made from a few words."""

from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from sinks_run_info import make_run_info

from schemas.ids import conversation_id, pair_id
from schemas.records import (
    CandidateSet,
    Drop,
    FeedbackSignal,
    Message,
    PreferencePair,
    Provenance,
    Reject,
)
from sinks.publish import PublishedSnapshot, publish
from sinks.snapshot import WriteSnapshot


def make_pair(
    words: str,
    split: str = "train",
    *,
    method: str = "revisions",
    file: str = "a.jsonl",
    position: int = 0,
    margin: float | None = 0.5,
) -> PreferencePair:
    """A pair whose texts, and so its id, depend on `words` alone."""
    prompt = (Message("system", "Be kind."), Message("user", f"Question about {words}?"))
    chosen = (Message("assistant", f"A good answer about {words}."),)
    rejected = (Message("assistant", f"A poor answer about {words}."),)
    return PreferencePair(
        id=pair_id(prompt, chosen, rejected),
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        margin=margin,
        chosen_score=-1.0,
        rejected_score=-1.5,
        ches=None,
        ln_ches=0.25,
        uncertainty=None,
        method=method,
        source="test",
        conversation_id=conversation_id(prompt),
        rationale=f"the user asked about {words} again",
        rubric=None,
        provenance=Provenance(file, position, words, 2, ("policy=m@1",), (), 7, "0.1.0"),
        split=split,
    )


def make_signal(n: int) -> FeedbackSignal:
    """A signal that differs with `n`."""
    return FeedbackSignal(f"{n:032x}", 2, "dissatisfaction", "revision", "no, again", 0.8, "cues")


def make_reject(n: int, record: str = "{") -> Reject:
    """A reject at position `n`."""
    return Reject("ingest", "not_json", "expected an object", record, "a.jsonl", n)


def make_drop(n: int) -> Drop:
    """A drop that differs with `n`."""
    return Drop(f"{n:032x}", "margin", 0.1, 0.2)


def stage_run(
    output: str,
    run_id: str = "run-1",
    *,
    pairs: Iterable[PreferencePair] = (),
    signals: Iterable[FeedbackSignal] = (),
    rejects: Iterable[Reject] = (),
    drops: Iterable[Drop] = (),
    pool: Iterable[PreferencePair] = (),
    rankings: Iterable[CandidateSet] = (),
    counts: Iterable[tuple[tuple[str, str], int]] = (),
    stages: Sequence[str] = (),
    **options: Any,
) -> None:
    """Run a pipeline that ends in `WriteSnapshot`."""
    kinds = {"pairs": pairs, "pool": pool, "rankings": rankings, "signals": signals}
    kinds |= {"rejects": rejects, "drops": drops}
    with beam.Pipeline(FnApiRunner()) as pipeline:
        delivered = {
            kind: pipeline | f"Create {kind}" >> beam.Create(list(records))
            for kind, records in {**kinds, "counts": counts}.items()
        }
        _ = delivered | WriteSnapshot(output, run_id, stages, **options)


def publish_run(output: str, run_id: str = "run-1", **records: Any) -> PublishedSnapshot:
    """Stage a run and publish it."""
    stage_run(output, run_id, **records)
    return publish(output, run_id, make_run_info())
