"""A picture of which intents are taken for which, as SVG."""

from collections.abc import Mapping
from html import escape
from typing import Final

from chat_intents.domain.intent import Intent

_CELL: Final = 46
_LEFT: Final = 150
_TOP: Final = 150
_DARK: Final = 0.55


def confusion_picture(confusion: Mapping[tuple[Intent, Intent], int]) -> str:
    """Draw a matrix: a row for each intent, a column for each that it was taken for; a row's shades are shares of it.

    Args:
        confusion: how many messages of an intent (first) were taken for one (second).
    """
    intents = list(Intent)
    width, height = _LEFT + _CELL * len(intents) + 20, _TOP + _CELL * len(intents) + 20
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" role="img">',
        "<title>Confusion matrix of the held-out messages</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT - 10}" y="{_TOP - 10}" text-anchor="end" fill="#666666">wanted \u2193   told \u2192</text>',
    ]
    for number, intent in enumerate(intents):
        middle = number * _CELL + _CELL // 2
        name = escape(intent.value)
        drawn.append(f'<text x="{_LEFT - 10}" y="{_TOP + middle + 4}" text-anchor="end">{name}</text>')
        x, y = _LEFT + middle + 4, _TOP - 10
        drawn.append(f'<text x="{x}" y="{y}" transform="rotate(-55 {x} {y})">{name}</text>')
    for row, wanted in enumerate(intents):
        total = sum(confusion.get((wanted, told), 0) for told in intents)
        for column, told in enumerate(intents):
            count = confusion.get((wanted, told), 0)
            drawn += _cell(_LEFT + column * _CELL, _TOP + row * _CELL, count, count / total if total else 0.0)
    return "\n".join([*drawn, "</svg>", ""])


def _cell(x: int, y: int, count: int, share: float) -> list[str]:
    red, green, blue = (round(255 - (255 - part) * share) for part in (26, 95, 122))
    cell = (
        f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" fill="#{red:02x}{green:02x}{blue:02x}" '
        'stroke="#dddddd"/>'
    )
    if not count:
        return [cell]
    ink = "#ffffff" if share > _DARK else "#222222"
    middle_x, middle_y = x + _CELL // 2, y + _CELL // 2 + 4
    return [cell, f'<text x="{middle_x}" y="{middle_y}" text-anchor="middle" fill="{ink}">{count}</text>']
