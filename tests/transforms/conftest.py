"""Fixtures for tests of transforms."""

import pytest
from transforms_collecting import Collected


@pytest.fixture
def collected(tmp_path):
    """An empty collection of what a pipeline gives."""
    return Collected(tmp_path)
