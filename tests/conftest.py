"""Fixtures that load the real embedded models, once for all tests."""

import pytest

from curation.models import embedded, embedded_encoder
from curation.models.loading import load_model
from curation.models.sentence_encoder import open_encoder


@pytest.fixture(scope="session")
def model():
    """The embedded model in the processor's own number format."""
    embedded.fetch()
    return load_model("embedded")


@pytest.fixture(scope="session")
def float32_model():
    """The embedded model in float32, in which the reference numbers were computed."""
    embedded.fetch("float32")
    return load_model("embedded", dtype="float32")


@pytest.fixture(scope="session")
def encoder():
    """The embedded sentence encoder."""
    embedded_encoder.fetch()
    return open_encoder("embedded")
