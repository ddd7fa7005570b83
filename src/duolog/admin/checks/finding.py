"""What a check found."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from duolog.admin.source_code import allowed_rules, place_of
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


def finding(rule: str, cls: type, message: str, advice: str, *, member: str = "") -> Iterator[Finding]:
    """Make a finding about a class, unless a comment says that it is meant.

    The comment is ``# duolog: allow RULE - reason``, on the line of the class or alone above it, or of its member.

    Args:
        rule: the rule's name.
        cls: the class.
        message: what is wrong.
        advice: what to do about it.
        member: the field that it is about; empty for the whole class.
    """
    if rule not in allowed_rules(cls, member):
        yield Finding(rule, f"{cls.__module__}.{cls.__qualname__}", place_of(cls), message, advice)
