"""What all tests have in common: how hypothesis is set, and a house for those that only ask."""

from __future__ import annotations

import gc
import signal

import hypothesis
import pytest
from lasting import lasting_house

from tests.rooms import Rooms, place
from tests.serving import share_a_past

# a machine that is busy is no fault of what is tested
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

def pytest_configure():
    """Before any worker begins."""
    # What a shell starts in the background, and all that it starts, ignores an interrupt; tests interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    share_a_past()


def pytest_collection_modifyitems(items):
    """In the order in which workers are to begin with them."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests are handed out by rooms."""
    config.option.loadscopereorder = False
    return Rooms(config, log)


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
