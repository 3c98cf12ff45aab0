"""Language models on Beam: loaded once per worker, called in batches through `RunInference`.

A model is named here and loaded where it runs; importing this module loads none. A batch
that raises is halved until the record that it failed on stands alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam

from curation.models.isolation import Failure

Work = Callable[[Sequence[Any], Any], Sequence[Any]]
"""What is done with a batch: `work(items, model)` gives an answer for each item, or raises."""


class ModelSettings(NamedTuple):
    """A model and how it is run.

    Parameters: `name` as in `curation.models.naming.parse_model_name`; `dtype`; `max_context` in
    tokens; `batch_size` in records, which changes no result.
    """

    name: str = "embedded"
    dtype: str = "auto"
    max_context: int | None = None
    batch_size: int = 32


class AskModel(beam.PTransform):
    """Have a language model do some work on each record.

    Input: a PCollection of records. Output: a PCollection of `(record, answer)`, where the
    answer is what `work` gave, or a `Failure`. Records and answers stay in their bundle: nothing
    is shuffled.

    Parameters: `settings` of the model; `work(items, model)`, a picklable callable.
    """

    def __init__(self, settings: ModelSettings, work: Work) -> None:
        super().__init__()
        self._settings = settings
        self._work = work

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Run the model and pair each record with its answer."""
        # Beam's inference package imports torch as soon as it is imported itself.
        from apache_beam.ml.inference.base import RunInference

        from transforms.model_handler import LanguageModelHandler

        handler = LanguageModelHandler(self._settings, self._work)
        return (
            pcoll
            | "Run inference" >> RunInference(handler)
            | "Record and answer" >> beam.ParDo(_RecordAndAnswer())
        )


class _RecordAndAnswer(beam.DoFn):
    def process(self, result: Any) -> Iterator[tuple[Any, Any]]:
        yield result.example, result.inference


def is_failure(answer: Any) -> bool:
    """Whether an answer of `AskModel` is a `Failure`, also after it crossed a process."""
    return isinstance(answer, Failure)
