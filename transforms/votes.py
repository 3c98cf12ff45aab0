"""Votes: pairs of answers to one question that a community voted on, without any model."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from curation.documents.threads import is_answer, is_root, rebuild
from curation.documents.votes import VoteSettings, voted_pairs
from schemas.records import Document, Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage
from transforms.synthesized import Synthesized, synthesized

STAGE = "votes"
"""The funnel's name for it: questions that have an answer, and those that gave pairs."""


class PairVotes(Stage):
    """Pair answers to one question by the votes that a community gave them.

    Input: PCollection[Document], with `metadata["thread"]`. Output: `Synthesized`; a `Drop` for
    each question with an answer that gives no pair.

    The documents of a thread are brought together by a shuffle, texts and all, as the messages of
    conversation trees are: a pair holds the texts of three of them. Only what can take part is
    shuffled; the rest is noted: `other_kind`, `no_thread`, `no_votes`. Of a thread, noted are
    `orphan` (its parent is not there), `deeper` (no answer, or too far below), `copy`; of answers
    and pairs of answers, what `curation.documents.votes.voted_pairs` says.

    Parameters: `settings`, which votes make a pair.

    Raises: UsageError for settings that no pair could meet, when built.

    References: SHP (arXiv 2110.08420), WorldPM (arXiv 2505.10527), PrefPalette (arXiv 2507.13541).

    >>> def post(native, text, votes, at, parent=None):
    ...     said = {"thread": "t", "native_id": native, "kind": "answer" if parent else "question"}
    ...     return Document(native, text, None, "beer", votes, parent, "demo", at, said)
    >>> posts = [post("1", "Lager or ale first?", 3, 0.0), post("2", "Ale.", 1, 60.0, "1"),
    ...          post("3", "Ale, by millennia.", 7, 90.0, "1")]
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     paired = pipeline | beam.Create(posts) | PairVotes()
    ...     _ = paired.pairs | beam.Map(lambda p: print(p.chosen[0].content, p.margin))
    Ale, by millennia. 6.0
    """

    def __init__(self, settings: VoteSettings = VoteSettings()) -> None:
        super().__init__()
        settings.check()
        self._settings = settings

    def expand(self, documents: beam.PCollection) -> Synthesized:
        """Leave out what cannot take part, put the threads together, pair."""
        keyed = documents | "Take part?" >> beam.ParDo(
            _ByThread(self._settings.max_depth == 1)
        ).with_outputs(COUNTS, main="keyed")
        paired = (
            keyed.keyed
            | "Group threads" >> beam.GroupByKey()
            | "Pair answers"
            >> beam.ParDo(_Pair(self._settings)).with_outputs(COUNTS, "drops", main="pairs")
        )
        counts = [keyed[COUNTS], paired[COUNTS]]
        return synthesized(paired.pairs, [], counts, [paired.drops])


@beam.typehints.with_output_types(tuple[str, Document], counts=Count)
class _ByThread(CountingDoFn):
    def __init__(self, answers_only: bool) -> None:
        super().__init__(STAGE)
        self._answers_only = answers_only

    def process(self, document: Document) -> Iterator[Any]:
        thread = document.metadata.get("thread")
        if not is_root(document) and not is_answer(document):
            self.tally["note:other_kind"] += 1
        elif not thread:
            self.tally["note:no_thread"] += 1
        # Deeper down, what nobody voted on may still be part of a prompt.
        elif self._answers_only and is_answer(document) and document.votes is None:
            self.tally["note:no_votes"] += 1
        else:
            yield thread, document


@beam.typehints.with_output_types(PreferencePair, drops=Drop, counts=Count)
class _Pair(CountingDoFn):
    def __init__(self, settings: VoteSettings) -> None:
        super().__init__(STAGE)
        self._settings = settings

    def process(self, group: tuple[str, Iterable[Document]]) -> Iterator[Any]:
        thread = rebuild(group[1], self._settings.max_depth)
        self.tally["note:orphan"] += len(thread.orphans)
        self.tally["note:deeper"] += len(thread.deeper)
        self.tally["note:copy"] += thread.copies
        for question in thread.questions:
            found = voted_pairs(question, self._settings)
            self.tally["in"] += 1
            for reason, n in found.notes.items():
                self.tally[f"note:{reason}"] += n
            if found.drop:
                self.tally[f"drop:{found.drop.filter}"] += 1
                yield beam.pvalue.TaggedOutput("drops", found.drop)
            else:
                self.tally["out"] += 1
                yield from found.pairs

    def finish_bundle(self) -> Iterator[Any]:
        self.tally = +self.tally  # Without the reasons that did not occur.
        yield from super().finish_bundle()
