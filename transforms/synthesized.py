"""What every synthesizer gives, and how the outputs of its steps are put together."""

from collections.abc import Sequence
from typing import NamedTuple

import apache_beam as beam

from curation.models.tasks import GENERATION, LIKELIHOOD, Task, several
from schemas.records import Drop, Reject
from transforms.counting import Count
from transforms.model_step import Stepped


class Synthesized(NamedTuple):
    """Outputs of every `Synthesize…` transform."""

    pairs: beam.PCollection
    """`PreferencePair`: complete ones."""
    drops: beam.PCollection
    """`Drop`: what the models wrote makes no pair."""
    rejects: beam.PCollection
    """`Reject`: a model could not be asked."""
    counts: beam.PCollection
    """Funnel counts of the stages."""


def synthesized(
    pairs: beam.PCollection,
    steps: Sequence[Stepped],
    counts: Sequence[beam.PCollection] = (),
    drops: Sequence[beam.PCollection] = (),
) -> Synthesized:
    """Put together what the steps of a synthesizer took out, beside its pairs.

    Parameters: `counts` and `drops` of parts that are no `ModelStep`.
    """
    pipeline = pairs.pipeline
    nothing = pipeline | "Nothing" >> beam.Create([], reshuffle=False)
    dropped = [nothing, *drops, *(step.drops for step in steps)]
    rejected = [nothing, *(step.rejects for step in steps)]
    counted = [nothing, *counts, *(step.counts for step in steps)]
    return Synthesized(
        pairs,
        dropped | "Drops" >> beam.Flatten().with_output_types(Drop),
        rejected | "Rejects" >> beam.Flatten().with_output_types(Reject),
        counted | "Counts" >> beam.Flatten().with_output_types(Count),
    )


def choice_task(form: str) -> Task:
    """What a model is asked that chooses: likelihoods, or words; several requests a record.

    >>> choice_task("words").name
    'generate*'
    """
    return several(LIKELIHOOD if form == "likelihood" else GENERATION)
