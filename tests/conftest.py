"""What all tests have in common: how hypothesis is set, and a house for those that only ask."""

from __future__ import annotations

import gc

import hypothesis
import pytest
from lasting import lasting_house

# a machine that is busy is no fault of what is tested
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is collected stays; nobody looks for garbage in it, neither now nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One house for all tests of a module that leave it as it was, or do not mind what the others left."""
    with lasting_house(tmp_path_factory.mktemp("house")) as house:
        yield house
