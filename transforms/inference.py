"""Language models on Beam: loaded once per machine, called in batches through `RunInference`.

A model is named here and loaded where it runs; importing this module loads none. A batch
that raises is halved until the request that it failed on stands alone.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions

from curation.models.isolation import Failure
from curation.models.tasks import GENERATION, HIDDEN, JOINT, LIKELIHOOD, Task
from schemas.records import Reject
from transforms.stage import Stage

Keep = Callable[[Sequence[tuple[Any, Any]], Sequence[Any]], None]
"""What is done with a batch of `(context, request)` and its answers."""


class ModelSettings(NamedTuple):
    """A model and how it is run.

    Parameters: `name` as in `curation.models.naming.parse_model_name`; `dtype`; `max_context` in
    tokens; `batch_size` in requests and `token_budget` in tokens of one forward pass, which
    change no result; `accelerator` as Beam's resource hint of that name takes it, for the
    runners that can give one.
    """

    name: str = "embedded"
    dtype: str = "auto"
    max_context: int | None = None
    batch_size: int = 64
    token_budget: int | None = None
    accelerator: str | None = None


class AskModel(beam.PTransform):
    """Put a request to a language model for each element.

    Input: a PCollection of `(context, request)`, where the context is anything that the answer
    belongs to. Output: a PCollection of `(context, answer)`; the answer is a `Failure` where the
    model raised for this very request (`PartFailures` makes rejects of these). Nothing is shuffled.

    Parameters: `settings` of the model; `task`, what is asked; `load`, a picklable callable
    that gives the model for the settings, for models that have no name.
    """

    def __init__(
        self,
        settings: ModelSettings,
        task: Task,
        load: Callable[[ModelSettings], Any] | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.task = task
        self._load = load
        self._keep: Keep | None = None

    def keeping(self, keep: Keep) -> Self:
        """The same inference, which hands every batch of answers to `keep` first of all.

        Parameters: `keep(batch, answers)`, picklable, is called where the model has answered.
        """
        copied = copy.copy(self)
        copied._keep = keep
        return copied

    def identity(self) -> str:
        """What tells this model's answers from another's: name, revision, number format, window.

        Raises: ModelError or MissingExtraError when the model cannot be had here.
        """
        from curation.models.loading import check_model, resolved_dtype
        from curation.models.naming import parse_model_name

        settings = self.settings
        dtype = settings.dtype
        if self._load is None:
            backend = parse_model_name(settings.name).backend
            label = f"{backend}:{check_model(settings.name, dtype)}"
            # A server computes in what it was started with.
            dtype = "served" if backend == "openai" else resolved_dtype(dtype)
        else:
            load = getattr(self._load, "func", self._load)  # inside of a partial
            label = f"{load.__module__}.{load.__qualname__}:{settings.name}"
        return f"{label}|{dtype}|{settings.max_context or 'whole'}"

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Run the model on batches of requests."""
        # Beam's inference package imports torch as soon as it is imported itself.
        from apache_beam.ml.inference.base import RunInference

        from transforms.model_handler import LanguageModelHandler

        shared = _several_processes(pcoll.pipeline)
        handler = LanguageModelHandler(self.settings, self.task, self._load, shared, self._keep)
        ask: Any = RunInference(handler)
        if self.settings.accelerator:
            ask = ask.with_resource_hints(accelerator=self.settings.accelerator)
        return pcoll | "Run inference" >> ask


class Generate(AskModel):
    """Write replies: `(context, GenerationRequest)` to `(context, list[Completion])`.

    >>> from curation.models.protocols import GenerationRequest
    >>> from schemas.records import Message
    >>> request = GenerationRequest([Message("user", "Name a colour.")], seed=1, max_new_tokens=2)
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     asked = pipeline | beam.Create([("colour", request)]) | Generate()
    ...     _ = asked | beam.Map(lambda answer: print(answer[0], answer[1][0].new_tokens))
    colour 2
    """

    def __init__(
        self,
        settings: ModelSettings = ModelSettings(),
        load: Callable[[ModelSettings], Any] | None = None,
    ) -> None:
        super().__init__(settings, GENERATION, load)


class ScoreLikelihood(AskModel):
    """Likelihoods of texts: `(context, LikelihoodRequest)` to `(context, LikelihoodResult)`."""

    def __init__(
        self,
        settings: ModelSettings = ModelSettings(),
        load: Callable[[ModelSettings], Any] | None = None,
    ) -> None:
        super().__init__(settings, LIKELIHOOD, load)


class Encode(AskModel):
    """Sums of hidden states: `(context, HiddenRequest)` to `(context, HiddenResult)`."""

    def __init__(
        self,
        settings: ModelSettings = ModelSettings(),
        load: Callable[[ModelSettings], Any] | None = None,
    ) -> None:
        super().__init__(settings, HIDDEN, load)


class MeasureJointly(AskModel):
    """Likelihoods and similarity: `(context, JointRequest)` to `(context, JointResult)`."""

    def __init__(
        self,
        settings: ModelSettings = ModelSettings(),
        load: Callable[[ModelSettings], Any] | None = None,
    ) -> None:
        super().__init__(settings, JOINT, load)


class Answered(NamedTuple):
    """Outputs of `PartFailures`."""

    answers: beam.PCollection
    """`(context, answer)` of all that the model has answered."""
    rejects: beam.PCollection
    """`Reject`: what the model raised for, with the exception."""


class PartFailures(Stage):
    """Part what a model has answered from what it raised for, which become rejects.

    Input: the output of `AskModel`, memoized or not. Output: `Answered`.

    Parameters: `stage` of the rejects; `origin(context)` tells what the reject was made of: the
    record in words, its file and its position. By default that is the context itself.

    >>> failed = ("what is that", Failure("value", "the backend broke"))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     parted = pipeline | beam.Create([("hello", "hi"), failed]) | PartFailures("generate")
    ...     _ = parted.rejects | beam.Map(lambda reject: print(reject.reason, reject.record))
    value what is that
    """

    def __init__(
        self, stage: str, origin: Callable[[Any], tuple[str, str, int]] | None = None
    ) -> None:
        super().__init__()
        self._stage = stage
        self._origin = origin or _context_in_words

    def expand(self, pcoll: beam.PCollection) -> Answered:
        """Look at each answer."""
        parted = pcoll | "Answered?" >> beam.ParDo(_Part(self._stage, self._origin)).with_outputs(
            "rejects", main="answers"
        )
        return Answered(parted.answers, parted.rejects)


@beam.typehints.with_output_types(Any, rejects=Reject)
class _Part(beam.DoFn):
    def __init__(self, stage: str, origin: Callable[[Any], tuple[str, str, int]]) -> None:
        self._stage = stage
        self._origin = origin

    def process(self, element: tuple[Any, Any]) -> Iterator[Any]:
        context, answer = element
        if is_failure(answer):
            reject = Reject(self._stage, answer.reason, answer.detail, *self._origin(context))
            yield beam.pvalue.TaggedOutput("rejects", reject)
        else:
            yield element


def _context_in_words(context: Any) -> tuple[str, str, int]:
    return str(context)[:2000], "", 0


def _several_processes(pipeline: beam.Pipeline) -> bool:
    """Whether workers of the pipeline may be several processes on one machine."""
    options = pipeline.options.view_as(DirectOptions)
    if type(pipeline.runner).__name__ != "FnApiRunner":
        return True
    return options.direct_num_workers != 1 and options.direct_running_mode == "multi_processing"


def is_failure(answer: Any) -> bool:
    """Whether an answer of `AskModel` is a `Failure`, also after it crossed a process."""
    return isinstance(answer, Failure)
