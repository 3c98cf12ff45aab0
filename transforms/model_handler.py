"""The Beam model handler of all language models; imported only where a graph needs one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from apache_beam.metrics import Metrics
from apache_beam.ml.inference.base import ModelHandler

from curation import progress
from curation.models.isolation import Failure, isolate_failures
from curation.models.tasks import Task
from transforms.inference import Keep, ModelSettings
from transforms.shared_model import SharedModel

NAMESPACE = "prefstream"
"""Namespace of Beam's metrics of the model stages."""


class LanguageModelHandler(ModelHandler[Any, Any, Any]):
    """Beam model handler around `curation.models.loading.load_model`.

    Beam's own metrics count inferences and time batches; `tokens` and `failures` are ours.

    Parameters: `settings` of the model, the `task` to put to it, `load` as in `AskModel`,
    `across_processes` says that several processes of a machine are to use one copy, `keep` as in
    `AskModel.keeping`.
    """

    def __init__(
        self,
        settings: ModelSettings,
        task: Task,
        load: Callable[[ModelSettings], Any] | None = None,
        across_processes: bool = False,
        keep: Keep | None = None,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._task = task
        self._keep = keep
        self._shared = SharedModel(settings, load or load_by_name, across_processes)

    def load_model(self) -> Any:
        """Give the machine's copy; it is loaded when it is first asked something."""
        return self._shared

    def run_inference(
        self,
        batch: Sequence[tuple[Any, Any]],
        model: Any,
        inference_args: Mapping[str, Any] | None = None,
    ) -> Iterable[tuple[Any, Any]]:
        """Answer a batch of `(context, request)`; one that raises alone gets a `Failure`."""
        requests = [request for _, request in batch]
        try:
            answers = self._ask(model.get(), requests)
        except (ConnectionError, EOFError):  # The process that held the model has ended.
            model.renew()
            answers = self._ask(model.get(), requests)
        if self._keep:
            self._keep(batch, answers)
        failed = [answer for answer in answers if isinstance(answer, Failure)]
        tokens = sum(self._task.tokens(a) for a in answers if not isinstance(a, Failure))
        progress.count("tokens", tokens)
        Metrics.counter(NAMESPACE, "tokens").inc(tokens)
        Metrics.counter(NAMESPACE, "failures").inc(len(failed))
        return [(context, answer) for (context, _), answer in zip(batch, answers, strict=True)]

    def _ask(self, model: Any, requests: Sequence[Any]) -> list[Any]:
        return isolate_failures(lambda part: self._task.ask(model, part), requests)

    def get_num_bytes(self, batch: Sequence[Any]) -> int:
        """Not known without pickling every request once more."""
        return 0

    def batch_elements_kwargs(self) -> dict[str, int]:
        """Full batches from the first on; Beam would begin with one and grow to thousands."""
        size = self._settings.batch_size
        return {"min_batch_size": size, "max_batch_size": size}

    def get_metrics_namespace(self) -> str:
        """Namespace of the batch and latency metrics."""
        return NAMESPACE


def load_by_name(settings: ModelSettings) -> Any:
    """Load a model as its settings say."""
    from curation.models.loading import load_model

    return load_model(settings.name, settings.dtype, settings.max_context, settings.token_budget)
