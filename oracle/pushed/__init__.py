"""What scripts and bots push in: rows of nine kinds, checked, published, and stored before they are answered.

`rows` has the schemas, `door` the way in.
"""

from oracle.pushed.door import Pushed, push
from oracle.pushed.rows import KINDS, MOST_ROWS, messages_of

__all__ = ["KINDS", "MOST_ROWS", "Pushed", "messages_of", "push"]
