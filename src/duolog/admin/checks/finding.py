"""What a check found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from duolog.admin.source_code import place_of
from duolog.admin.structure import ApplicationStructure


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in the code that breaks a rule.

    Attributes:
        rule: the rule's name.
        subject: the class, as ``module.Class``.
        place: where it is defined, ``file:line``.
        message: what is wrong.
        advice: what to do about it.
    """

    rule: str
    subject: str
    place: str
    message: str
    advice: str


Rule = Callable[[ApplicationStructure], Iterable[Finding]]


def finding(rule: str, cls: type, message: str, advice: str) -> Finding:
    """Make a finding about a class."""
    return Finding(rule, f"{cls.__module__}.{cls.__qualname__}", place_of(cls), message, advice)
