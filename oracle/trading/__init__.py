"""One desk, with one account: wishes for orders go through the gate (`risk`), the desk has a broker work them, and books what was
filled. The kill switch says whether trading may go on, here and for bots outside.
"""

from oracle.trading.kill_switch import SWITCH, KillSwitch, SwitchMemory, Tripped, tripped

__all__ = ["SWITCH", "KillSwitch", "SwitchMemory", "Tripped", "tripped"]
