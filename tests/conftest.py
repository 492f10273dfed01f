"""What all tests have in common: how hypothesis is set, and a house for those that only ask."""

from __future__ import annotations

import gc
import signal

import hypothesis
import pytest
from lasting import lasting_house

from tests.serving import share_a_past

# a machine that is busy is no fault of what is tested
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

# Modules that take longest, begun first, so that no worker is left alone with one at the end.
LONG = (
    "tests/test_readme.py", "tests/web/page/", "tests/web/fuzz/", "tests/test_", "tests/web/test_cuts.py",
    "tests/oracle/notebook/", "tests/oracle/alerts/test_sigkill.py", "tests/web/test_hostile_values.py",
    "tests/web/test_rfc6455.py",
)  # fmt: skip


def pytest_configure():
    """Before any worker begins."""
    # What a shell starts in the background, and all that it starts, ignores an interrupt; tests interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    share_a_past()


def pytest_collection_modifyitems(items):
    """Long modules first, whole: each test runs beside those it shares a server, a browser or a kernel with."""

    def place(item):
        return next((place for place, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG))

    items.sort(key=place)


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
