"""A thread beside the loop keeps the priority that somebody chose for the process."""

import os
import sys
import threading

import pytest

from oracle.history.beside import beside_the_loop


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_a_thread_beside_the_loop_is_as_nice_as_it_was_and_switches_back_afterwards():
    found = {}
    before = sys.getswitchinterval()

    def work():
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 7)
        with beside_the_loop():
            found["nice"], found["policy"] = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
            found["switch"] = sys.getswitchinterval()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == {"nice": 7, "policy": os.SCHED_OTHER, "switch": pytest.approx(0.000_5)}
    assert sys.getswitchinterval() == pytest.approx(before)
