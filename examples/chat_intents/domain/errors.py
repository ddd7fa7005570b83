"""What can go wrong with a classification."""


class IntentError(Exception):
    """Base of the errors of this application."""


class UnusableMessageError(IntentError, ValueError):
    """A message holds nothing that could be classified: it is blank, or no text that can be written as UTF-8."""


class ClassifierUnavailableError(IntentError):
    """The classifier gave no answer that can be used; the same message may be classified later.

    Attributes:
        reason: what happened, without anything that was said.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the classifier gives no answer: {reason}")
        self.reason = reason


class StoreFailedError(IntentError):
    """What keeps classifications or conversations did not do what it was asked for; no answer depends on it.

    Attributes:
        reason: what happened, without anything that was said.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
