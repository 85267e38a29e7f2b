import pytest
from sqlalchemy import Engine

from tests.fakes import FakeClock
from tests.web.public.site import Site


@pytest.fixture
def site(engine: Engine, clock: FakeClock) -> Site:
    return Site(engine=engine, clock=clock)
