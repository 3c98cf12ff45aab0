"""An event loop in a thread of its own, so that blocking code can do much waiting at once."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from schemas.errors import ModelError

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines for callers of any thread, all of them on one event loop.

    >>> loop = BackgroundLoop("example")
    >>> loop.run(asyncio.sleep(0, "done"))
    'done'
    >>> loop.close()
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for its result; interrupted, it is cancelled.

        Raises: what the coroutine raises; ModelError when the loop is closed.
        """
        with self._lock:
            if self._closed:
                work.close()
                raise ModelError(f"{self._name} is closed")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            pass
        except BaseException:
            future.cancel()
            raise
        raise ModelError(f"{self._name} was closed before it had answered")

    def close(self, last: Coroutine[Any, Any, None] | None = None) -> None:
        """Cancel what still runs and end the thread; a second call does nothing.

        Parameters: `last` is run when everything else has ended.
        """
        with self._lock:
            if self._closed:
                if last:
                    last.close()
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        if last:
            asyncio.run_coroutine_threadsafe(last, self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
