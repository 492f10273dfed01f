"""Training in its process: it learns to read digits, may be held now and then, and ends when it is told to."""

import os
from pathlib import Path

import msgspec
import pytest
import soak
import trio

from actors import Refused
from oracle.federated import job
from oracle.federated.job import Training
from oracle.federated.plan import Plan, plan_of
from oracle.federated.wire import Begin, Ready, Step
from oracle.runs.pace import Pace
from oracle.work_process import WorkProcess

EXAMPLE = {
    "dataset": "mnist", "model": "cnn", "rounds": 20, "clients_per_round": 3, "local_epochs": 5, "learning_rate": 0.01,
    "batch_size": 32,
}  # fmt: skip
ROUNDS = soak.rounds(8, 20)  # of the twenty; it is there by the sixth
SHORT = {"model": "logistic", "rounds": 3, "local_epochs": 1}


def plan(**configuration):
    return plan_of({"configuration": configuration})


def processes():
    """Those that any thread of this one has started."""
    return {child for task in Path("/proc/self/task").glob("*/children") for child in task.read_text().split()}


async def test_it_reads_nine_of_ten_digits_it_has_never_seen_within_twenty_rounds():
    said = []
    training = await Training.begun(plan(**EXAMPLE), None, None)
    try:
        ready = await training.ready()
        rounds = [await training.round(Pace(said.append)) for _ in range(ROUNDS)]
    finally:
        await training.close()
    assert (ready.training, ready.held_out, len(ready.notes)) == (1437, 360, 1)
    assert [one.round for one in rounds] == list(range(1, ROUNDS + 1))
    assert rounds[-1].accuracy >= 0.90 and rounds[0].accuracy < rounds[-1].accuracy - 0.2
    assert rounds[-1].loss < 0.5 * rounds[0].loss
    assert len(msgspec.json.encode(rounds[-1].checkpoint)) < 100_000
    assert all(0 < one.compute_s < one.duration_s for one in rounds) and training.wall_s > 0
    assert said == sorted(said) and said[0] == pytest.approx(1 / 80) and said[-1] < 1


async def test_another_process_goes_on_to_the_same_bits():
    async def rounds(checkpoint, count):
        training = await Training.begun(plan(**SHORT), None, checkpoint)
        try:
            await training.ready()
            return [await training.round(Pace()) for _ in range(count)]
        finally:
            await training.close()

    whole = await rounds(None, 3)
    (last,) = await rounds(whole[1].checkpoint, 1)
    assert last.checkpoint == whole[2].checkpoint and last.accuracy == whole[2].accuracy


async def test_held_it_does_nothing_and_called_off_it_is_gone():
    before, pace, said = processes(), Pace(lambda done: said.append(done)), []
    training = await Training.begun(plan(rounds=100, local_epochs=100), None, None)
    (child,) = processes() - before
    with trio.CancelScope() as scope:
        try:
            await training.ready()
            pace.hold()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(training.round, pace)
                await pace.halt()
                assert pace.halted and not said
                pace.resume()
                scope.cancel()  # in the middle of a client that takes its time
        finally:
            await training.close()
    assert child not in processes() and not Path(f"/proc/{child}").exists()


async def test_its_process_ends_with_its_input_whatever_it_is_at():
    process = await WorkProcess.begun("oracle.federated.worker", job._SAID)
    try:
        await process.send(Begin({"configuration": {"local_epochs": 100, "clients_per_round": 1}}, ""))
        assert isinstance(await process.hear(), Ready)
        await process.send(Step())  # takes some seconds
        await process.said_all()
        with pytest.raises(EOFError):
            await process.hear()
    finally:
        await process.close()


async def test_what_it_can_not_do_it_says(tmp_path):
    training = await Training.begun(plan(**EXAMPLE), tmp_path, None)
    try:
        with pytest.raises(Refused, match="train-images-idx3-ubyte") as caught:
            await training.ready()
    finally:
        await training.close()
    assert caught.value.code == "unavailable"


async def test_what_it_dies_of_is_said():
    before = processes()
    training = await Training.begun(Plan(), None, None)
    try:
        await training.ready()
        (child,) = processes() - before
        os.kill(int(child), 9)
        with pytest.raises(Refused, match="died") as caught:
            await training.round(Pace())
    finally:
        await training.close()
    assert caught.value.code == "failed"
