"""What every test shares: one asyncio backend and one hypothesis profile."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "dankbar",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("dankbar")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Every asynchronous test runs on asyncio, the loop the app is served by."""
    return "asyncio"
