"""What trading goes by. There is one part so far: the kill switch, which says whether trading may go on.

Nothing inside oracle sends orders yet; the switch is for whoever does, outside.
"""

from oracle.trading.kill_switch import SWITCH, KillSwitch, SwitchMemory, Tripped, tripped

__all__ = ["SWITCH", "KillSwitch", "SwitchMemory", "Tripped", "tripped"]
