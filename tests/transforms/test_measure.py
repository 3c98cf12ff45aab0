"""Measuring pairs in a pipeline, and labels that contradict."""

import random
from collections import Counter

import apache_beam as beam
import pytest

from curation.selection.trainer_tokens import open_tokenizer
from schemas.ids import pair_id
from schemas.records import Message, PreferencePair, Provenance
from transforms.measure import MeasurePairs, MeasureSettings

TEXTS_ONLY = MeasureSettings(tokenizer=None)


def pair_of(prompt, chosen, rejected, source="one"):
    messages = [Message("user", prompt)]
    sides = [[Message("assistant", chosen)], [Message("assistant", rejected)]]
    origin = Provenance(f"{source}.jsonl", 0, source, None, [], [], None, "1")
    said = [*sides, *[None] * 6, "existing", source, "c", None, None, origin, ""]
    return PreferencePair(pair_id(messages, *sides), messages, *said)


def measured(pairs, collected, settings=TEXTS_ONLY, shards=3):
    with beam.Pipeline("FnApiRunner") as pipeline:
        parts = [
            pipeline | f"read {n}" >> beam.Create(pairs[n::shards], reshuffle=False)
            for n in range(shards)
        ]
        done = parts | beam.Flatten() | MeasurePairs(settings)
        collected.take("pairs", done.pairs)
        collected.take("counts", done.counts)
    counts = Counter()
    for (stage, key), n in collected["counts"]:
        assert stage == "measure"
        counts[key] += n
    return {pair.id: pair for pair in collected["pairs"]}, counts


PAIRS = [
    pair_of("Tea or coffee?", "Tea is lighter.", "Coffee wakes you up.", "one"),
    pair_of("tea or  coffee", "Coffee wakes you up", "“Tea is lighter.”", "two"),
    pair_of("Tea or coffee?", "Coffee wakes you up!", "tea is lighter", "three"),
    pair_of("Tea or coffee??", "Tea is lighter.", "Coffee wakes you up. Really.", "four"),
    pair_of("Tea or water?", "Tea is lighter.", "Coffee wakes you up.", "five"),
    pair_of("Same way twice?", "Yes.", "No.", "one"),
    pair_of("same way twice", "yes", "no", "two"),
    pair_of("Equal sides?", "Yes.", "yes", "one"),
    pair_of("Equal sides?", "yes", "Yes.", "two"),
]


@pytest.mark.parametrize("seed", range(3))
def test_labels_that_contradict_across_sources_are_marked_in_any_order(collected, seed):
    shuffled = random.Random(seed).sample(PAIRS, len(PAIRS))

    found, counts = measured(shuffled, collected, shards=seed + 1)

    marked = {key for key, pair in found.items() if "contradicted" in pair.flags}
    assert marked == {pair.id for pair in PAIRS[:3]}
    assert counts == {"in": 9, "out": 9, "note:contradicted": 3, "note:identical": 2}


def test_the_tokenizer_of_the_recipe_is_used(collected):
    [pair] = PAIRS[:1]
    tokens = open_tokenizer("embedded").tokens(pair.prompt, pair.chosen, pair.rejected)

    found, _ = measured([pair], collected, MeasureSettings("embedded"))

    lengths = found[pair.id].prompt_tokens, found[pair.id].chosen_tokens
    assert lengths == (len(tokens.prompt), len(tokens.chosen))


def test_only_keys_are_shuffled():
    """Before the pairs are looked at again, all that is grouped is 16 bytes and a number."""
    from transforms.measure import _keys

    for pair in PAIRS:
        for key, way in _keys(pair):
            assert (len(key), way in (1, 2)) == (16, True)


def test_a_tokenizer_that_is_not_there_stops_the_run(collected, tmp_path):
    with pytest.raises(Exception, match="no such folder"):
        measured(PAIRS, collected, MeasureSettings(str(tmp_path / "missing")))
