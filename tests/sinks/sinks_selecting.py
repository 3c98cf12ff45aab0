"""Datasets whose pairs were selected as a run selects them, without a run."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sinks_factories import make_drop, make_pair, make_reject, make_signal, stage_run
from sinks_run_info import make_run_info

from curation.selection.columns import frame_of
from curation.selection.decision import decide_all
from curation.selection.flip import flipped
from pipelines.audit import add_audit
from pipelines.recipe import Recipe, resolved
from pipelines.select_settings import selection
from schemas.records import Drop, NamedScore, PreferencePair
from sinks.publish import PublishedSnapshot, publish
from transforms.select import assign_split

SEED, TEST_SHARE = 3, 0.2


def measured_pairs(n: int, **fields: Any) -> list[PreferencePair]:
    """Pairs with scores, not selected yet."""
    draw = random.Random(1)
    pairs = []
    for number in range(n):
        pair = make_pair(f"topic {number}", position=number, margin=draw.gauss(0, 1))
        pair = pair._replace(
            chosen_chars=20,
            rejected_chars=20,
            ln_ches=draw.gauss(0, 1),
            ensemble_mean=draw.gauss(0.5, 1),
            margins=(NamedScore("a", 1), NamedScore("b", draw.random())),
            **fields,
        )
        pairs.append(assign_split(pair, TEST_SHARE, SEED))
    return pairs


def publish_selected(
    output: str, pairs: Sequence[PreferencePair], run_id: str = "run-1", **select: Any
) -> PublishedSnapshot:
    """Publish what a run with this selection would."""
    recipe = Recipe(
        name="test",
        seed=SEED,
        sources={"pairs": {"paths": "pairs.jsonl"}},
        split={"test": TEST_SHARE},
        write={"target_file_mb": 1},
        select=select,
    )
    kept, pool, drops = [], [], [make_drop(n)._replace(filter="over_budget") for n in range(3)]
    decided = decide_all(frame_of(pairs), selection(recipe), SEED)
    for pair, row in zip(pairs, decided.to_dicts(), strict=True):
        if row["filter"] or row["flip"]:
            pool.append(pair)
        if row["filter"]:
            drops.append(Drop(pair.id, row["filter"], row["value"], row["threshold"]))
        else:
            kept.append((flipped(pair) if row["flip"] else pair)._replace(target=row["target"]))
    reasons = Counter(drop.filter for drop in drops[3:])
    counts = [(("select", "in"), len(pairs)), (("select", "out"), len(kept))]
    counts += [(("select", f"drop:{name}"), n) for name, n in reasons.items()]
    for note, column in (("flipped", "flip"), ("smoothed", "smoothed")):
        if number := int(decided[column].sum()):
            counts.append((("select", f"note:{note}"), number))
    counts += [(("budget", "in"), len(pairs) + 3), (("budget", "out"), len(pairs))]
    stage_run(
        output,
        run_id,
        pairs=kept,
        pool=pool,
        drops=drops,
        signals=[make_signal(1)],
        rejects=[make_reject(1)],
        counts=[*counts, (("budget", "drop:over_budget"), 3)],
        stages=("budget", "select"),
        target_file_bytes=1_000_000,
    )
    add_audit(output, run_id)
    return publish(output, run_id, make_run_info(recipe=resolved(recipe)))
