"""Construction: from several scored responses to one prompt to pairs, and to a whole ranking."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from curation.models.sentence_encoder import encoder_identity
from curation.selection.candidate_pairs import construct, distinct, ranked
from curation.selection.pairing import PairingSettings, check, needs_vectors
from schemas.records import CandidateSet, Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.encoder import load_encoder
from transforms.inference import ModelSettings
from transforms.shared_model import SharedModel
from transforms.stage import Stage

STAGE = "construct"
"""The funnel's name for it: candidate sets, and those that gave pairs."""


class Constructed(NamedTuple):
    """Outputs of `ConstructPairs`."""

    pairs: beam.PCollection
    """`PreferencePair`: none, one or several of each set."""
    rankings: beam.PCollection
    """`CandidateSet`: the responses that can be compared, best first, where rankings are wanted."""
    drops: beam.PCollection
    """`Drop`: the sets without a pair, each with the reason and the value that did it."""
    counts: beam.PCollection
    """Funnel counts of the stage `construct`, in candidate sets. Noted are the responses that were
    left out, `blank_response`, `repeated_response`, `unscored_response`, and the sets that could
    not be ranked, `unranked`."""


class ConstructPairs(Stage):
    """Make pairs of the responses of each candidate set.

    Input: PCollection[CandidateSet]. Output: `Constructed`.

    Parameters: `settings`, which responses make a pair, see `curation.selection.pairing`; `seed` of
    the run; `rankings`, whether each set is wanted as a whole ranking as well; `encoder` of the
    vectors that some strategies compare responses by, as in `open_encoder`.

    Raises: UsageError for settings that no pair can come of; as `encoder_identity`, when the
    pipeline is built, where vectors are needed.

    >>> from schemas.records import Message, NamedScore, Provenance, ScoredResponse
    >>> said = [ScoredResponse(text, None, (NamedScore("score", score),))
    ...         for text, score in (("Red.", 4.0), ("Sand.", 1.0), ("Blue.", 3.5))]
    >>> found = CandidateSet("c", (Message("user", "Name a colour."),), said, "demo",
    ...                      Provenance("f", 0, "g", None, (), (), None, ""))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([found]) | ConstructPairs()
    ...     _ = made.pairs | beam.Map(lambda p: print(p.rejected[0].content, p.margin))
    Sand. 3.0
    """

    def __init__(
        self,
        settings: PairingSettings = PairingSettings(),
        seed: int = 0,
        rankings: bool = False,
        encoder: str = "embedded",
    ) -> None:
        super().__init__()
        check(settings)
        self._construct = _Construct(settings, seed, rankings, None)
        if needs_vectors(settings):
            encoder_identity(encoder)
            loaded = SharedModel(ModelSettings(encoder), load_encoder)
            self._construct = _Construct(settings, seed, rankings, loaded)

    def expand(self, candidates: beam.PCollection) -> Constructed:
        """Look at one set after the other."""
        made = candidates | "Which responses?" >> beam.ParDo(self._construct).with_outputs(
            COUNTS, "drops", "rankings", main="pairs"
        )
        return Constructed(made.pairs, made.rankings, made.drops, made[COUNTS])


@beam.typehints.with_output_types(PreferencePair, rankings=CandidateSet, drops=Drop, counts=Count)
class _Construct(CountingDoFn):
    def __init__(
        self, settings: PairingSettings, seed: int, rankings: bool, encoder: SharedModel | None
    ) -> None:
        super().__init__(STAGE)
        self._settings = settings
        self._seed = seed
        self._rankings = rankings
        self._encoder = encoder

    def process(self, candidates: CandidateSet) -> Iterator[Any]:
        self.tally["in"] += 1
        candidates, notes = distinct(candidates)
        vectors = None
        if self._encoder and candidates.responses:
            # In the order of the texts: what stands beside a text moves its vector a little.
            vectors = self._encoder.get().encode([r.text for r in candidates.responses])
        found = construct(candidates, self._settings, self._seed, vectors)
        for reason, n in (*notes.items(), *found.notes.items()):
            self.tally[f"note:{reason}"] += n
        if found.drop:
            self.tally[f"drop:{found.drop.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", found.drop)
        else:
            self.tally["out"] += 1
            yield from found.pairs
        if self._rankings:
            ranking = ranked(candidates, self._settings)
            if ranking is None:
                self.tally["note:unranked"] += 1
            else:
                yield beam.pvalue.TaggedOutput("rankings", ranking)
