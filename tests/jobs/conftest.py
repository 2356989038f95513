import pytest

from tests.jobs.little_mart import land


@pytest.fixture
def mart(settings):
    """A mart of one account; the run that wrote it."""
    return land(settings)
