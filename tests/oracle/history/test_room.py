"""Files for who asked: they have no name while they are taken away, and are never more than fit."""

import pytest

from actors import Refused
from oracle.history.room import Room


def test_while_others_take_much_away_no_further_file_is_begun(tmp_path):
    room = Room(tmp_path, most_held=10)
    first, second = room.place("csv"), room.place("csv")
    first.write_bytes(b"12345")
    second.write_bytes(b"67890")
    held = [room.take(first), room.take(second)]
    assert not list(tmp_path.iterdir()) and held[1].read() == b"67890"
    with pytest.raises(Refused, match="taking large files away") as refused:
        room.place("csv")
    assert refused.value.code == "full"
    held.pop().close()
    assert room.place("csv").parent == tmp_path
