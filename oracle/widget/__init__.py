"""What is published, as something to look at while it happens: in a notebook a live chart, table or log; elsewhere a text."""

from oracle.widget.watch import Watch

__all__ = ["Watch"]
