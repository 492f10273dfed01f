"""What is wrong with the text of a condition, and where."""

from __future__ import annotations

from oracle.problems import Bad

__all__ = ["BadExpression"]


class BadExpression(Bad):
    """The text is no expression. `message` says what was expected, `column` where (1 is the first character)."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__("expression", message, ctx={"column": column})
        self.message = message
        self.column = column

    def __str__(self) -> str:
        return f"column {self.column}: {self.message}"

    def pointing(self, text: str) -> str:
        """Three lines: the text, a caret under the column, the message."""
        line = "".join(char if char.isprintable() else " " for char in text)
        return f"{line}\n{' ' * (self.column - 1)}^\n{self.message}"
