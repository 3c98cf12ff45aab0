"""The split as a Beam stage."""

import apache_beam as beam
import pytest
from transforms_drafts import draft

from transforms import AssignSplit


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
