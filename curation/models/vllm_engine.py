"""vLLM's engine in this process: started, asked by one thread at a time, ended."""

import gc
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.errors import ModelError

CPU_CACHE_BYTES = 2 << 30
"""Key-value cache on a CPU; `VLLM_CPU_KVCACHE_SPACE` (GiB) overrides it. vLLM's own default
is nearly all of the machine's memory, which a worker does not have to itself."""

_CPU_BLOCK = 32  # Tokens; vLLM's 128 would have up to 127 tokens read again for each follow-up.
_FOR_CHILDREN = ("LD_PRELOAD", "LD_LIBRARY_PATH")  # vLLM sets them, for processes of its own.


class VllmEngine:
    """A `vllm.LLM` that several threads may ask.

    Raises: ModelError when vLLM cannot load the model, or when a sequence of `max_context`
    tokens does not fit into its memory.

    Parameters: `name`, a folder or an id of a hub; `revision`, a commit where it is an id;
    `dtype`, `bfloat16` or `float32`; `max_context` in tokens.
    """

    def __init__(self, name: str, revision: str, dtype: str, max_context: int | None) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._llm: Any = _start(name, revision, dtype, max_context)
        config = self._llm.llm_engine.vllm_config
        self.block: int = config.cache_config.block_size
        """Tokens of a block: the prefix cache holds whole blocks."""
        self.max_context: int = config.model_config.max_model_len - 1
        """In tokens; vLLM wants room for a token of its own after whatever it reads."""

    def ask(self, prompts: Sequence[Sequence[int]], params: Sequence[Any], salt: str = "") -> Any:
        """Give vLLM's output for each prompt, in order.

        Input: token ids of each prompt, and its `SamplingParams`. Parameters: prompts find one
        another in the prefix cache only where they have the same `salt`.

        Raises: ModelError for a request that vLLM refuses.
        """
        if not prompts:
            return []
        extra = {"cache_salt": salt} if salt else {}
        inputs = [{"prompt_token_ids": list(tokens), **extra} for tokens in prompts]
        with self._lock:
            if self._llm is None:
                raise ModelError(f"model {self._name!r} has been closed")
            engine = self._llm.llm_engine
            try:
                with refusals():
                    return self._llm.generate(inputs, list(params), use_tqdm=False)
            finally:
                # After an error or Ctrl-C: what is left would answer the next call.
                if left := list(engine.output_processor.request_states):
                    engine.abort_request(left, internal=True)

    def close(self) -> None:
        """End the engine and free its memory; it cannot be asked any more."""
        with self._lock:
            llm, self._llm = self._llm, None
            if llm is not None:
                llm.llm_engine.engine_core.shutdown()
                del llm
                gc.collect()


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what vLLM finds wrong with a request into a ModelError."""
    from vllm.exceptions import VLLMClientError

    try:
        yield
    except (VLLMClientError, ValueError) as error:
        raise ModelError(f"vLLM refuses the request: {error}") from error


def _start(name: str, revision: str, dtype: str, max_context: int | None) -> Any:
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # A killed worker leaves nothing behind.
    os.environ["VLLM_NO_USAGE_STATS"] = "1"  # It would report to its makers over the network.
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    before = {key: os.environ.get(key) for key in _FOR_CHILDREN}
    source: dict[str, Any] = {"model": name, "dtype": dtype}
    if not Path(name).is_dir():
        source |= {"revision": revision, "tokenizer_revision": revision}
    try:
        import torch
        from vllm import LLM
        from vllm.engine.arg_utils import EngineArgs

        window = EngineArgs(**source).create_model_config().max_model_len
        if not torch.cuda.is_available():
            source |= {
                "enforce_eager": True,  # Compiling takes minutes and gains little on a CPU.
                "kv_cache_memory_bytes": CPU_CACHE_BYTES,
                "block_size": _CPU_BLOCK,
            }
        return LLM(
            **source,
            max_model_len=min(window, max_context + 1) if max_context else window,
            enable_prefix_caching=True,
            use_tqdm_on_load=False,
            # Small models fill an answer with blanks where they are let; of vLLM's engines for
            # guided decoding this one knows most of JSON schema.
            structured_outputs_config={"backend": "guidance", "disable_any_whitespace": True},
        )
    except Exception as error:  # vLLM, torch and the hub's client raise errors of their own.
        raise ModelError(f"model {name!r} cannot be loaded by vLLM: {error}") from error
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
