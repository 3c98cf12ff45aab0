"""Which weights a name stands for: what provenance and memo keys say of a model.

A path can hold other weights tomorrow, and a branch of a hub other ones next week. A
folder is told by its content, a hub's model by its commit.
"""

import hashlib
import json
from pathlib import Path

from schemas.errors import ModelError

_SAMPLES, _SAMPLE_BYTES = 64, 65_536
_SMALL = 32_000_000
_WEIGHTS = (".safetensors", ".bin", ".gguf", ".pt")


def folder_revision(folder: Path) -> str:
    """Content hash of a model's folder: configuration and tokenizer whole, weights by samples.

    Training changes nearly every byte of the weights, so 64 pieces of each file, 64 KB each, and
    its size tell two versions apart without reading all of it.

    Raises: ModelError when there is no model in the folder.
    """
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: no model there (no config.json)")
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    if not any(path.suffix in _WEIGHTS for path in files):
        raise ModelError(f"{folder}: no weights there (none of {', '.join(_WEIGHTS)})")
    _check_shards(folder)
    digest = hashlib.blake2b(digest_size=6)
    for path in files:
        size = path.stat().st_size
        if path.suffix not in _WEIGHTS and (size > _SMALL or path.suffix in (".md", ".txt")):
            continue
        digest.update(f"{path.name}:{size}:".encode())
        with path.open("rb") as file:
            if size <= _SAMPLES * _SAMPLE_BYTES:
                digest.update(file.read())
                continue
            for n in range(_SAMPLES):
                file.seek(n * (size - _SAMPLE_BYTES) // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    return f"content-{digest.hexdigest()}"


def hub_revision(name: str, revision: str | None) -> str:
    """Commit of a hub's model, from the local cache where it is there, else asked for.

    Raises: ModelError when neither knows the model.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache

    cached = try_to_load_from_cache(name, "config.json", revision=revision)
    if isinstance(cached, str):
        return Path(cached).parent.name
    try:
        commit = HfApi().model_info(name, revision=revision, timeout=30).sha
    except Exception as error:  # The hub's client raises errors of four libraries.
        reason = str(error).strip().splitlines()
        raise ModelError(
            f"model {name!r} is neither a folder here nor to be had from the hub: "
            f"{reason[0] if reason else type(error).__name__}"
        ) from None
    return commit or "unknown"


def _check_shards(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    try:
        shards = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"{index}: not an index of weights: {error}") from None
    missing = sorted(name for name in shards if not (folder / str(name)).is_file())
    if missing:
        raise ModelError(f"{folder}: weights are missing: {', '.join(missing[:5])}")
