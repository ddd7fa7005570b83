"""The base of every error: data, a message, and a hint on what to do."""


class DuologError(Exception):
    """Base of all errors of duolog.

    Attributes:
        hint: what the reader can do about it; empty where the message says it all.
    """

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n  hint: {self.hint}" if self.hint else message

    @property
    def message(self) -> str:
        """The message without its hint."""
        return super().__str__()
