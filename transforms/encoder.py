"""The sentence encoder as a `SharedModel` loads it: one copy for all stages that ask it."""

from typing import Any

from curation.models.sentence_encoder import open_encoder
from transforms.inference import ModelSettings


def load_encoder(settings: ModelSettings) -> Any:
    """The encoder that the settings name, see `curation.models.sentence_encoder.open_encoder`.

    Raises: ModelError when it cannot be loaded.
    """
    return open_encoder(settings.name)
