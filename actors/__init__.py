"""Supervised actors on trio: mailboxes, a bus with one offset counter, restart policies, deadlines, a tree to look at.

Knows no finance, disk or HTTP. Anti-patterns: an actor for organising code (use a function), a task outside the tree
(use `helper`), a lock around shared state (give it one owner and ask).
"""

from actors.actor import Actor
from actors.bus import Bus, Message, Published, Subscription
from actors.cell import Child
from actors.clock import Clock, trio_clock, wall_clock
from actors.errors import (
    ActorCrashed,
    AskTimeout,
    Killed,
    MailboxFull,
    NameTaken,
    NobodyOwns,
    Refused,
    RestartsExhausted,
)
from actors.mailbox import Mailbox
from actors.reply import Reply
from actors.runtime import DeadLetter, Lifecycle, Runtime, open_runtime
from actors.supervisor import Supervisor
from actors.timers import Timer, Timers
from actors.tree import Node

__all__ = [
    "Actor", "ActorCrashed", "AskTimeout", "Bus", "Child", "Clock", "DeadLetter", "Killed", "Lifecycle", "Mailbox",
    "MailboxFull", "Message", "NameTaken", "NobodyOwns", "Node", "Published", "Refused", "Reply", "RestartsExhausted",
    "Runtime", "Subscription", "Supervisor", "Timer", "Timers", "open_runtime", "trio_clock", "wall_clock",
]  # fmt: skip
