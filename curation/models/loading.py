"""Loading a model by its name, onto the device that is there."""

import importlib.util
from pathlib import Path
from typing import Any

from curation.models import embedded
from curation.models.naming import ModelName, parse_model_name
from schemas.errors import MissingExtraError, ModelError

_EXTRAS = {
    "embedded": ("models", ("torch", "transformers", "rapidfuzz")),
    "transformers": ("models", ("torch", "transformers", "rapidfuzz")),
    "vllm": ("vllm", ("vllm", "torch", "transformers")),
    "openai": ("openai", ("openai",)),
}
"""What each backend needs: the extra, and the packages that it brings."""


def check_model(name: str, dtype: str = "auto") -> str:
    """Say whether a model can be loaded here, without loading it.

    Output: its `name@revision`, the revision by content or commit (`curation.models.revision`),
    so that another model under the same name has another one.

    Raises: UsageError for a name that cannot be, MissingExtraError or ModelError with the
    command that mends it.
    """
    parsed = parse_model_name(name)
    extra, packages = _EXTRAS[parsed.backend]
    missing = [m for m in packages if not importlib.util.find_spec(m)]
    if missing:
        raise MissingExtraError(
            f"model {name!r} needs {' and '.join(missing)}: pip install 'prefstream[{extra}]'"
        )
    if parsed.backend == "openai":
        return parsed.identity
    if parsed.backend == "embedded":
        embedded.model_path(dtype)
    return f"{parsed.name}@{_revision(parsed)}"


def load_model(
    name: str,
    dtype: str = "auto",
    max_context: int | None = None,
    token_budget: int | None = None,
) -> Any:
    """Load a model onto the device that is there.

    Parameters: `name` as in `parse_model_name`; `dtype` is `auto` (bfloat16 on CUDA and on
    processors that compute in it, else float32), `bfloat16` or `float32`; `max_context` in
    tokens; `token_budget` of one forward pass. Output: an object that implements those protocols
    of `curation.models.protocols` that its backend can, with `name`, `revision` and `close()`.

    Raises: as `check_model`, and ModelError when the model cannot be loaded.
    """
    label = check_model(name, dtype)
    parsed = parse_model_name(name)
    if parsed.backend == "openai":
        from curation.models.openai_model import open_openai_model

        return open_openai_model(parsed.url or "", parsed.name, parsed.revision)
    dtype = resolved_dtype(dtype)
    revision = label.rpartition("@")[2]
    if parsed.backend == "vllm":
        from curation.models.vllm_model import load_vllm

        return load_vllm(parsed.name, revision, dtype, max_context)
    return _load_transformers(parsed, revision, dtype, max_context, token_budget)


def _load_transformers(
    parsed: ModelName,
    revision: str,
    dtype: str,
    max_context: int | None,
    token_budget: int | None,
) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from curation.models.packed_attention import IMPLEMENTATION
    from curation.models.selfcheck import check_architecture
    from curation.models.transformers_model import TransformersModel

    logging.disable_progress_bar()
    source: dict[str, Any] = {"pretrained_model_name_or_path": parsed.name}
    if parsed.backend == "embedded":
        source["pretrained_model_name_or_path"] = str(embedded.model_path(dtype))
    elif not Path(parsed.name).is_dir():
        source["revision"] = revision
    try:
        tokenizer = AutoTokenizer.from_pretrained(**source)
        model: Any = AutoModelForCausalLM.from_pretrained(
            **source, dtype=getattr(torch, dtype), attn_implementation=IMPLEMENTATION
        )
        model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    except Exception as error:  # Readers of weights raise errors of several libraries.
        raise ModelError(f"model {parsed.name!r} cannot be loaded: {error}") from error
    loaded = TransformersModel(
        model, tokenizer, parsed.name, revision, max_context=max_context, token_budget=token_budget
    )
    check_architecture(loaded.forward)
    return loaded


def _revision(parsed: ModelName) -> str:
    if parsed.backend == "embedded":
        return embedded.REVISION
    folder = Path(parsed.name)
    if folder.is_dir():
        from curation.models.revision import folder_revision

        return folder_revision(folder)
    if folder.is_absolute() or parsed.name.startswith((".", "~")):
        raise ModelError(f"{parsed.name}: no such folder")
    from curation.models.revision import hub_revision

    return hub_revision(parsed.name, parsed.revision)


def resolved_dtype(dtype: str) -> str:
    """The number format that `auto` stands for on this machine; any other is itself."""
    import torch

    if dtype != "auto":
        return dtype
    return "bfloat16" if torch.cuda.is_available() else embedded.native_dtype()
