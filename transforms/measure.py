"""Measuring the texts of pairs: lengths, flags, the language, and labels that contradict."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam

from curation.selection.flags import with_flags
from curation.selection.measure import measure
from curation.selection.normal_form import label_key
from curation.selection.trainer_tokens import EMBEDDED, TrainerTokenizer, open_tokenizer
from schemas.records import PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage

CONTRADICTED = "contradicted"
"""Flag of pairs whose prompt and sides occur with the other label as well."""
BOTH_WAYS = 3


class MeasureSettings(NamedTuple):
    """How pairs are measured."""

    tokenizer: str | None = EMBEDDED
    """Tokenizer of the trainer, as `curation.selection.trainer_tokens.open_tokenizer` takes it;
    None: lengths in tokens are not counted."""


class MeasuredPairs(NamedTuple):
    """Outputs of `MeasurePairs`."""

    pairs: beam.PCollection
    """`PreferencePair`: all of them, measured."""
    counts: beam.PCollection
    """Funnel counts of the stage `measure`, with a note for each flag."""


class MeasurePairs(Stage):
    """Measure the texts of pairs: what the selection's gates decide by.

    Input: PCollection[PreferencePair]. Output: `MeasuredPairs`, with the columns that
    `curation.selection.measure.measure` fills, and the flag `contradicted` on all pairs whose
    prompt and sides occur both ways round. Shuffled are 16 bytes and one number for each pair; back
    come the keys that occur both ways. The input is held until they are known.

    Parameters: `settings`. A tokenizer is loaded on the worker, with its first pair; launchers ask
    `curation.selection.trainer_tokens.check_tokenizer` before.

    Raises, on the worker: ModelError when the tokenizer cannot be loaded.

    >>> from schemas.records import Message, Provenance
    >>> origin = Provenance("demo.jsonl", 0, "g", None, [], [], None, "1")
    >>> def pair(chosen, rejected):
    ...     sides = [[Message("assistant", text)] for text in (chosen, rejected)]
    ...     return PreferencePair(chosen, [Message("user", "Tea?")], *sides, *[None] * 6,
    ...                           "existing", "demo", "c", None, None, origin, "")
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     pairs = pipeline | beam.Create([pair("Yes.", "No."), pair("no", "yes")])
    ...     measured = pairs | MeasurePairs(MeasureSettings(tokenizer=None))
    ...     _ = measured.pairs | beam.Map(lambda pair: print(pair.chosen_chars, pair.flags))
    4 ('contradicted',)
    2 ('contradicted',)
    """

    def __init__(self, settings: MeasureSettings = MeasureSettings()) -> None:
        super().__init__()
        self._settings = settings

    def expand(self, pairs: beam.PCollection) -> MeasuredPairs:
        """Find the labels that contradict, then measure each pair and mark these."""
        both_ways = (
            pairs
            | "Keys of labels" >> beam.FlatMap(_keys)
            | "Which ways" >> beam.CombinePerKey(_any_of)
            | "Both ways" >> beam.FlatMap(lambda kv: [(kv[0], True)] if kv[1] == BOTH_WAYS else [])
        )
        measured = pairs | "Measure" >> beam.ParDo(
            _Measure("measure", self._settings), beam.pvalue.AsDict(both_ways)
        ).with_outputs(COUNTS, main="pairs")
        return MeasuredPairs(measured.pairs, measured[COUNTS])


def _keys(pair: PreferencePair) -> Iterator[tuple[bytes, int]]:
    key = label_key(pair)
    if key is not None:
        yield key


def _any_of(ways: Iterable[int]) -> int:
    seen = 0
    for way in ways:
        seen |= way
    return seen


@beam.typehints.with_output_types(PreferencePair, counts=Count)
class _Measure(CountingDoFn):
    def __init__(self, stage: str, settings: MeasureSettings) -> None:
        super().__init__(stage)
        self._settings = settings
        self._tokenizer: TrainerTokenizer | None = None

    def process(self, pair: PreferencePair, both_ways: Mapping[bytes, bool]) -> Iterator[Any]:
        self.tally["in"] += 1
        if self._settings.tokenizer and self._tokenizer is None:
            self._tokenizer = open_tokenizer(self._settings.tokenizer)
        measured, notes = measure(pair, self._tokenizer)
        if both_ways and (key := label_key(pair)) and key[0] in both_ways:
            flags = with_flags(tuple(measured.flags), CONTRADICTED)
            measured = measured._replace(flags=flags)
        for note in (*notes, *measured.flags):
            self.tally[f"note:{note}"] += 1
        self.tally["out"] += 1
        yield measured
