"""Selection and split as Beam stages, on real pairs (hh-rlhf)."""

import json
import math
from collections import Counter
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from transforms_drafts import draft

from curation.formats import Context, parse_row
from curation.reading import Row
from curation.selection.bounds import Shares, ranked
from curation.selection.decision import decide_all, frame_of
from curation.selection.flip import flipped
from curation.selection.quantile import Sketch, keys_of
from curation.selection.thresholds import (
    Bands,
    Bounds,
    Gates,
    Mix,
    Selection,
    SoftTargets,
    UpoSampling,
)
from schemas.arrow import to_row
from schemas.errors import UsageError
from schemas.ids import unit_interval
from schemas.records import Drop, Message
from transforms import AssignSplit, SelectPairs
from transforms import select as select_module

FILE = Path(__file__).parents[1] / "data" / "hh_rlhf" / "pairs.jsonl"
TWO_WORKERS = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
FEW_BINS = 32
EVERYTHING = Selection(
    {"margin": Bounds(low=-2.0, highest=0.9, per="source"), "ches": Bounds(lowest=0.8)},
    max_chars_ratio=20.0,
    keep_unscored=True,  # what is flipped has no CHES
    certainty="small",
    z_score="method",
    bands=Bands(-0.6, -0.2),
    soft_targets=SoftTargets(),
    sampling=UpoSampling(0.5, 0.2),
    mix=Mix("source", weights={"*": 1}),
    max_pairs=40,
)


@pytest.fixture(autouse=True)
def _helpers_for_workers(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def real_pairs():
    """Real pairs with scores that are drawn by their ids, and a few that no gate lets through."""
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    parsed = [parse_row(Row(row, n), Context("f"))[0] for n, row in enumerate(rows)]
    pairs = [scored(pair) for pair in parsed]
    same = pairs[0]._replace(id="same", rejected=pairs[0].chosen)
    broken = pairs[1]._replace(id="broken", margin=math.nan)
    return [*pairs, same, broken]


def scored(pair):
    """The pair with a score of every kind."""
    drawn = {
        name: unit_interval(0, f"{name}:{pair.id}")
        for name in ("margin", "ches", "implicit_margin", "ensemble_mean", "bald", "source")
    }
    spread = {name: 4 * drawn[name] - 2 for name in ("margin", "ches", "implicit_margin")}
    return pair._replace(
        **spread,
        ensemble_mean=2 * drawn["ensemble_mean"] - 1,
        bald=drawn["bald"] * math.log(2),
        source="ab"[drawn["source"] > 0.4],
    )


PAIRS = real_pairs()


def selected(collected, pairs, selection, options=(), seed=3):
    """The outputs of a selection; its counts added up."""
    pipeline = beam.Pipeline(argv=["--runner=FnApiRunner", *options])
    # Several workers have work to do only where there is something to part.
    made = pipeline | beam.Create(pairs) | beam.Reshuffle() | SelectPairs(selection, seed)
    for name, outputs in made._asdict().items():
        summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
        collected.take(name, summed)
    pipeline.run().wait_until_finish()
    found = {name: collected[name] for name in made._fields}
    return found | {"counts": {key: n for (_, key), n in found["counts"]}}


def expected(pairs, selection, seed=3):
    """The same, as `decide_all` decides it."""
    out = {"pairs": [], "pool": [], "drops": []}
    for pair, row in zip(
        pairs, decide_all(frame_of(pairs), selection, seed).to_dicts(), strict=True
    ):
        if row["filter"]:
            out["drops"].append(Drop(pair.id, row["filter"], row["value"], row["threshold"]))
        else:
            turned = flipped(pair) if row["flip"] else pair
            out["pairs"].append(turned._replace(target=row["target"]))
        if row["filter"] or row["flip"]:
            out["pool"].append(pair)
    return out


def alike(one, other):
    """Whether two lists hold the same records in any order; a NaN is like a NaN."""
    rows, others = (sorted(repr(to_row(record)) for record in records) for records in (one, other))
    return rows == others


@pytest.mark.parametrize("options", [(), TWO_WORKERS], ids=["one worker", "two workers"])
@pytest.mark.parametrize(
    "selection",
    [Selection(), Selection(bands=Bands(-0.6, -0.2)), EVERYTHING],
    ids=["no phase", "bands", "every phase"],
)
def test_the_stream_decides_as_one_process_does_over_all(collected, selection, options):
    right = expected(PAIRS, selection)
    found = selected(collected, PAIRS[::-1], selection, options)
    for name, records in right.items():
        assert alike(found[name], records), name
    dropped = Counter(f"drop:{drop.filter}" for drop in right["drops"])
    counts = found["counts"]
    assert {key: n for key, n in counts.items() if key.startswith("drop:")} == dropped
    assert counts["in"] == len(PAIRS) == counts["out"] + sum(dropped.values())
    assert counts["out"] == len(found["pairs"])
    turned = [pair for pair in found["pairs"] if "flipped" in pair.flags]
    assert counts.get("note:flipped", 0) == len(turned)
    if selection.bands:
        assert counts["note:smoothed"] > 0 < len(turned)
    assert len(found["pool"]) == len(found["drops"]) + len(turned)


def test_every_phase_drops_something_of_the_real_pairs():
    filters = {drop.filter for drop in expected(PAIRS, EVERYTHING)["drops"]}
    assert {
        "identical_sides", "margin_range", "margin_highest", "ches_lowest", "certainty_small",
        "sampling", "mix",
    } <= filters  # fmt: skip


def test_the_size_of_the_batches_decides_nothing(collected, monkeypatch):
    monkeypatch.setattr(select_module, "BATCH_PAIRS", 31)
    monkeypatch.setattr(select_module, "BATCH_CHARS", 9000)
    right = expected(PAIRS, EVERYTHING)
    found = selected(collected, PAIRS, EVERYTHING)
    assert all(alike(found[name], records) for name, records in right.items())


def coarse(selection, seed):
    """The phases of a selection of shares alone, with sketches of few bins."""
    return (Shares(ranked(selection), FEW_BINS),)


@pytest.mark.parametrize("options", [(), TWO_WORKERS], ids=["one worker", "two workers"])
def test_a_sketched_quantile_is_the_same_with_one_and_two_workers(collected, options, monkeypatch):
    selection = Selection({"ches": Bounds(lowest=0.3)})
    monkeypatch.setattr(select_module, "phases", coarse)  # they travel to the workers
    pairs = [pair for pair in PAIRS if pair.id not in ("same", "broken")]
    scores = np.array([pair.ches for pair in pairs])
    sketch = Sketch(FEW_BINS)
    sketch.add(keys_of(scores))
    limit = sketch.lowest(0.3)
    assert sketch.shift > 0 < limit.error
    counts = selected(collected, pairs, selection, options)["counts"]
    assert counts["out"] == (scores <= limit.value).sum() > 0.3 * len(pairs)
    assert counts["note:ches_lowest_error_ppm"] == math.ceil(limit.error * 1e6)


def test_without_a_phase_the_pairs_are_read_once():
    pipeline = beam.Pipeline("FnApiRunner")
    _ = pipeline | beam.Create(PAIRS[:1]) | SelectPairs(Selection({"margin": Bounds(0.0)}))
    labels = []

    class Labels(beam.pipeline.PipelineVisitor):
        def visit_transform(self, node):
            labels.append(node.full_label)

    pipeline.visit(Labels())
    steps = {label.split("/")[1] for label in labels if label.startswith("SelectPairs/")}
    assert steps == {"Decide"}


def test_pairs_that_nothing_is_asked_of_leave_as_they_came_but_for_a_former_target(collected):
    pair = draft(1, "q").pair._replace(target=0.7, flags=("language:chosen",))
    gates = Gates(language=False)
    found = selected(collected, [pair], Selection(gates=gates))
    assert alike(found["pairs"], [pair._replace(target=None)])
    assert not found["pool"]
    assert selected(collected, [], EVERYTHING)["pairs"] == []


def test_any_text_can_be_decided_about(collected):
    odd = [
        draft(n, "q", chosen=text, rejected="x").pair._replace(
            rejected=(Message("assistant", "x"),)
        )
        for n, text in enumerate(["\u202eabc", "مرحبا", " ", "x\n", "a" * 1_000_000])
    ]
    found = selected(collected, odd, Selection(max_chars_ratio=50.0))
    assert {drop.pair_id: drop.filter for drop in found["drops"]} == {
        "id-2": "min_chosen_chars", "id-3": "identical_sides", "id-4": "max_chars_ratio",
    }  # fmt: skip
    assert found["counts"]["out"] == 2


def test_a_selection_that_means_nothing_is_refused_when_the_pipeline_is_built():
    with pytest.raises(UsageError, match="no score"):
        SelectPairs(Selection({"length": Bounds(1.0)}))


def test_the_split_follows_the_group_and_has_the_share_asked_for(collected):
    pairs = [draft(n, "q").pair for n in range(2000)]
    grouped = [
        pair._replace(provenance=pair.provenance._replace(group=f"g{n // 2}"))
        for n, pair in enumerate(pairs)
    ]
    with beam.Pipeline("FnApiRunner") as pipeline:
        collected.take("split", pipeline | beam.Create(grouped) | AssignSplit(0.25, seed=1))
    sides = {}
    for pair in collected["split"]:
        sides.setdefault(pair.provenance.group, set()).add(pair.split)
    assert all(len(side) == 1 for side in sides.values())
    share = sum(side == {"test"} for side in sides.values()) / len(sides)
    assert share == pytest.approx(0.25, abs=0.05)
