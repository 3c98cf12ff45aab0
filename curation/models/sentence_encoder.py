"""Sentence encoders: texts as unit vectors, whose inner product says how alike they mean.

What an encoder computes follows the files that sentence-transformers keeps beside the weights:
how many tokens of a text it reads, and how the vectors of the tokens become one, their mean or
the first. A model without these files is read as a mean over at most 512 tokens.

Reference: Reimers & Gurevych, Sentence-BERT (arXiv 1908.10084), section 3.
"""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from curation.models import embedded_encoder
from curation.models.naming import parse_model_name
from schemas.errors import MissingExtraError, ModelError, UsageError

MAX_CHARS = 8_000
"""Characters at the beginning of a text that an encoder looks at; it reads no more than some
hundred tokens of them."""
BATCH_TOKENS = 4_096
"""Tokens of one forward pass, padding included."""
_TOKENS = 512
_NEEDED = ("torch", "transformers")

Vectors = NDArray[np.float32]
"""One row a text."""


class SentenceEncoder(Protocol):
    """A model that turns texts into vectors."""

    name: str
    """Name of the weights."""
    revision: str
    """Which weights, by content or commit."""
    dimensions: int
    """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Give a float32 row of length 1 for each text, in order.

        A text's row depends on no other text, but for rounding (below 1e-5 in each number).
        """
        ...


class Reading(NamedTuple):
    """How an encoder reads a text."""

    max_tokens: int
    """Tokens of a text that count, special ones included."""
    pooling: str
    """`mean` of all tokens' vectors, or `cls`: the first one's."""


class TransformersEncoder:
    """A `SentenceEncoder` on transformers, in float32 on the device that is there.

    Parameters: `model` and `tokenizer` of transformers, `name`, `revision`, `reading`.
    """

    def __init__(
        self, model: Any, tokenizer: Any, name: str, revision: str, reading: Reading
    ) -> None:
        self.name = name
        self.revision = revision
        self.reading = reading
        self.dimensions = int(model.config.hidden_size)
        self._model = model.eval()
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Give a float32 row of length 1 for each text, in order.

        >>> _ = embedded_encoder.fetch(report=str)
        >>> encoder = open_encoder("embedded")
        >>> cat, kitten, tax = encoder.encode(["A cat sleeps.", "A kitten naps.", "Pay your tax."])
        >>> bool(cat @ kitten > 0.5 > cat @ tax)
        True
        """
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return rows
        tokens = self._tokenizer(
            [text[:MAX_CHARS] for text in texts],
            truncation=True,
            max_length=self.reading.max_tokens,
            padding=False,
            return_attention_mask=False,
        )["input_ids"]
        for batch in _batches([len(row) for row in tokens]):
            rows[batch] = self._vectors([tokens[i] for i in batch])
        return rows

    def _vectors(self, tokens: Sequence[Sequence[int]]) -> Any:
        import torch

        width = max(map(len, tokens))
        pad = self._tokenizer.pad_token_id or 0
        ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in tokens])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in tokens])
        device = self._model.device
        ids, mask = ids.to(device), mask.to(device)
        with torch.inference_mode():
            hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            if self.reading.pooling == "cls":
                pooled = hidden[:, 0]
            else:
                weights = mask.unsqueeze(-1).to(hidden.dtype)
                pooled = (hidden * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Texts of about one length together, the longest first: little is padded."""
    batches: list[list[int]] = []
    width = 0
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        full = bool(batches) and (len(batches[-1]) + 1) * width > BATCH_TOKENS
        if full or 2 * lengths[index] < width or not batches:
            batches.append([])
            width = lengths[index]
        batches[-1].append(index)
    return batches


def encoder_identity(name: str) -> str:
    """Say whether an encoder can be loaded here, without loading it.

    Output: its `name@revision`.

    Raises: as `open_encoder`.
    """
    source, revision = _located(name)
    shown = embedded_encoder.NAME if name == "embedded" else source
    return f"{shown}@{revision}"


def open_encoder(name: str = "embedded") -> TransformersEncoder:
    """Load a sentence encoder by its name.

    Parameters: `name` is `embedded` (all-MiniLM-L6-v2: English only, 384 dimensions, 256 tokens)
    or `transformers:PATH-OR-ID[@REVISION]`, for example a multilingual one. A prefix such as
    `query: `, which some encoders want before a text, is not put there.

    Raises: UsageError for a name that is none of these; MissingExtraError or ModelError, with the
    command that mends it where there is one, when the encoder cannot be had or read.
    """
    source, revision = _located(name)
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    found: dict[str, Any] = {"pretrained_model_name_or_path": source}
    if not Path(source).is_dir():
        found["revision"] = revision
    try:
        import torch

        tokenizer = AutoTokenizer.from_pretrained(**found)
        model: Any = AutoModel.from_pretrained(**found, dtype=torch.float32)
        model = model.to("cuda" if torch.cuda.is_available() else "cpu")
        reading = _reading(source, found.get("revision"), model.config)
    except ModelError:
        raise
    except Exception as error:  # Readers of weights raise errors of several libraries.
        raise ModelError(f"encoder {name!r} cannot be loaded: {error}") from error
    shown = embedded_encoder.NAME if name == "embedded" else source
    return TransformersEncoder(model, tokenizer, shown, revision, reading)


def _located(name: str) -> tuple[str, str]:
    """The folder or the hub's id of an encoder, and its revision."""
    if name != "embedded" and not name.startswith("transformers:"):
        raise UsageError(
            f"encoder {name!r}: expected 'embedded' or 'transformers:PATH-OR-ID[@REVISION]'"
        )
    if missing := [m for m in _NEEDED if not importlib.util.find_spec(m)]:
        raise MissingExtraError(
            f"encoder {name!r} needs {' and '.join(missing)}: pip install 'prefstream[models]'"
        )
    if name == "embedded":
        return str(embedded_encoder.encoder_path()), embedded_encoder.REVISION
    from curation.models.revision import folder_revision, hub_revision

    parsed = parse_model_name(name)
    folder = Path(parsed.name)
    if folder.is_dir():
        return parsed.name, folder_revision(folder)
    if folder.is_absolute() or parsed.name.startswith((".", "~")):
        raise ModelError(f"{parsed.name}: no such folder")
    return parsed.name, hub_revision(parsed.name, parsed.revision)


def _reading(source: str, revision: str | None, config: Any) -> Reading:
    pooling = _json_file(source, "1_Pooling/config.json", revision)
    modes = {key for key, on in pooling.items() if key.startswith("pooling_mode_") and on is True}
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    if modes - known.keys() or len(modes) > 1:
        raise ModelError(f"{source}: pooling by {', '.join(sorted(modes))} is not supported")
    listed = _json_file(source, "modules.json", revision) or []
    kinds = {str(module.get("type", "")).rpartition(".")[2] for module in listed}
    if strange := kinds - {"Transformer", "Pooling", "Normalize"}:
        raise ModelError(f"{source}: modules {', '.join(sorted(strange))} are not supported")
    read = _json_file(source, "sentence_bert_config.json", revision).get("max_seq_length")
    positions = getattr(config, "max_position_embeddings", _TOKENS)
    most = read if isinstance(read, int) and read > 2 else min(_TOKENS, positions)
    return Reading(most, known[modes.pop()] if modes else "mean")


def _json_file(source: str, name: str, revision: str | None) -> Any:
    """A file beside the weights, read as JSON; an empty object where there is none."""
    from transformers.utils import cached_file

    found = cached_file(
        source, name, revision=revision, _raise_exceptions_for_missing_entries=False
    )
    return json.loads(Path(found).read_text("utf-8")) if found else {}
