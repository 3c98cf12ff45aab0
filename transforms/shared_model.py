"""One copy of a model for all that ask it: stages, threads, and the processes of a machine."""

import atexit
import shutil
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apache_beam.utils.multi_process_shared import MultiProcessShared

from schemas.ids import content_id
from transforms.inference import ModelSettings

# One name for all pipelines that this process builds: their workers find one another by it.
_SESSION = uuid.uuid4().hex
# Stages of one process that name the same model share one copy of it.
_loaded: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
_loading = threading.Lock()


class SharedModel:
    """A model that is loaded when it is first needed, once for a whole machine.

    Nothing is loaded for a run whose answers are all kept already.

    Parameters: `settings`; `load(settings)` gives the model; `across_processes` shares it with
    the other processes of this machine, which then ask it through a local socket.
    """

    def __init__(
        self,
        settings: ModelSettings,
        load: Callable[[ModelSettings], Any],
        across_processes: bool = False,
    ) -> None:
        self._settings = settings
        self._load = load
        self._folder = Path(tempfile.gettempdir()) / f"prefstream-models-{_SESSION}"
        self._across_processes = across_processes
        self._model: Any = None
        if across_processes:
            self._folder.mkdir(exist_ok=True)
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)

    def get(self) -> Any:
        """The model, loaded now if it has not been.

        Raises: ModelError when it cannot be.
        """
        if self._model is None:
            self._model = self._acquire()
        return self._model

    def renew(self) -> None:
        """Forget a model whose process has gone; the next `get` finds or loads another copy."""
        self._model = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    def _acquire(self) -> Any:
        if self._across_processes:
            loader = f"{self._load.__module__}.{getattr(self._load, '__qualname__', '')}"
            tag = f"model-{content_id(loader, self._settings)}"
            self._folder.mkdir(exist_ok=True)  # on whichever machine this is
            return MultiProcessShared(self._in_process, tag, path=str(self._folder)).acquire()
        return self._in_process()

    def _in_process(self) -> Any:
        key = (self._load, self._settings._replace(batch_size=0))
        with _loading:
            model = _loaded.get(key)
            if model is None:
                model = _loaded[key] = self._load(self._settings)
        return model
