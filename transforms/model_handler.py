"""The Beam model handler of all language models; imported only where a graph needs one."""

import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from curation.models.isolation import isolate_failures
from transforms.inference import ModelSettings, Work

# Stages of one process that name the same model share one copy of it.
_loaded: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
_loading = threading.Lock()


class LanguageModelHandler(ModelHandler[Any, PredictionResult, Any]):
    """Beam model handler around `curation.models.loading.load_model`.

    Parameters: `settings` of the model and the `work` to do with a batch.
    """

    def __init__(self, settings: ModelSettings, work: Work) -> None:
        super().__init__()
        self._settings = settings
        self._work = work

    def load_model(self) -> Any:
        """Load the model, or take the copy that another stage of this process has loaded."""
        from curation.models.loading import load_model

        key = self._settings[:3]
        with _loading:
            model = _loaded.get(key)
            if model is None:
                model = _loaded[key] = load_model(*key)
        return model

    def run_inference(
        self,
        batch: Sequence[Any],
        model: Any,
        inference_args: Mapping[str, Any] | None = None,
    ) -> Iterable[PredictionResult]:
        """Answer a batch; an item that cannot be answered gets a `Failure`."""
        answers = isolate_failures(lambda items: self._work(items, model), batch)
        for item, answer in zip(batch, answers, strict=True):
            yield PredictionResult(item, answer)

    def batch_elements_kwargs(self) -> dict[str, int]:
        """Full batches from the first on; Beam would begin with one and grow to thousands."""
        size = self._settings.batch_size
        return {"min_batch_size": size, "max_batch_size": size}

    def get_metrics_namespace(self) -> str:
        """Namespace of the batch and latency metrics."""
        return "prefstream"
