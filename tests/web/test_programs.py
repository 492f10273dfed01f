"""Which programs work tasks off here, and what nobody is shown of them."""

from running import open_house

from oracle.settings import Auth, Data, Scheduler, Settings
from oracle.settings_runs import TaskCommand, Tasks


async def test_a_program_is_shown_with_its_bounds_and_without_its_arguments(tmp_path):
    command = TaskCommand(command=("/opt/agents/hand", "--key", "hush"), timeout_s=5.0, memory_mb=64)
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), scheduler=Scheduler(enabled=False),
                        tasks=Tasks(commands={"hand": command}))  # fmt: skip
    async with open_house(tmp_path, settings=settings) as house:
        reply = await house.get("/api/oracle/programs")
        bounds = {"timeout_s": 5.0, "memory_mb": 64}
        assert reply.json == [{"agent": "hand", "program": "hand", "arguments": 2, "demo": False, **bounds}]
        assert b"hush" not in reply.body and b"/opt" not in reply.body
