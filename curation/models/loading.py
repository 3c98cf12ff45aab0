"""Loading a model by its name, onto the device that is there."""

import importlib.util
from typing import Any, Protocol

from curation.models import embedded
from curation.models.naming import parse_model_name
from curation.models.protocols import Generator, JointScorer
from schemas.errors import MissingExtraError, ModelError


class LoadedModel(Generator, JointScorer, Protocol):
    """What `load_model` gives: a model that writes and that scores, with a name."""

    name: str
    revision: str


def check_model(name: str, dtype: str = "auto") -> str:
    """Say whether a model can be loaded here, without loading it.

    Output: its `name@revision` as far as it is known before loading.

    Raises: UsageError for a name that cannot be, MissingExtraError or ModelError with the
    command that mends it.
    """
    parsed = parse_model_name(name)
    missing = [m for m in ("torch", "transformers") if not importlib.util.find_spec(m)]
    if missing:
        raise MissingExtraError(
            f"model {name!r} needs {' and '.join(missing)}: pip install 'prefstream[models]'"
        )
    if parsed.backend == "embedded":
        embedded.model_path(dtype)
        return f"{parsed.name}@{embedded.REVISION}"
    return f"{parsed.name}@{parsed.revision or 'main'}"


def load_model(name: str, dtype: str = "auto", max_context: int | None = None) -> LoadedModel:
    """Load a model onto the device that is there.

    Parameters: `name` as in `parse_model_name`; `dtype` is `auto` (bfloat16 on CUDA and on
    processors that compute in it, else float32), `bfloat16` or `float32`; `max_context` in
    tokens.

    Raises: as `check_model`, and ModelError when the model cannot be loaded.
    """
    label = check_model(name, dtype)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from curation.models.transformers_model import TransformersModel

    logging.disable_progress_bar()
    parsed = parse_model_name(name)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    source: dict[str, Any] = {"pretrained_model_name_or_path": parsed.name}
    if parsed.backend == "embedded":
        source["pretrained_model_name_or_path"] = str(embedded.model_path(dtype))
    elif parsed.revision:
        source["revision"] = parsed.revision
    if dtype == "auto":
        dtype = "bfloat16" if device == "cuda" else embedded.native_dtype()
    try:
        tokenizer = AutoTokenizer.from_pretrained(**source)
        model: Any = AutoModelForCausalLM.from_pretrained(
            **source, dtype=getattr(torch, dtype), attn_implementation="sdpa"
        )
        model = model.to(device)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"model {name!r} cannot be loaded: {error}") from error
    label, _, revision = label.rpartition("@")
    return TransformersModel(model, tokenizer, label, revision, max_context)
