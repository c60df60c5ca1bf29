"""The figures of a study as parts of its page, handed out by name, so that none is shown twice or forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hpo.reports.figures.drawn import Drawn
from hpo.reports.figures.svg import inline_svg
from hpo.reports.page.blocks import Picture


class Pictures:
    """The figures of one page that are not placed yet; `prefix` tells their ids from those of another study."""

    def __init__(self, drawn: Sequence[Drawn], prefix: str = "") -> None:
        self._left = {each.name: each for each in drawn}
        self._prefix = prefix

    def take(self, *names: str) -> list[Picture]:
        """Return those figures of `names` that there are, in this order, each with those that belong beside it."""
        wanted = [each for name in names for each in (name, *self._beside(name))]
        return [self._picture(self._left.pop(name)) for name in wanted if name in self._left]

    def take_rest(self) -> list[Picture]:
        """Return all that nobody took."""
        return self.take(*self._left)

    def _beside(self, name: str) -> list[str]:
        return [each.name for each in self._left.values() if each.beside == name]

    def _picture(self, drawn: Drawn) -> Picture:
        svg = inline_svg(drawn.svg, prefix=f"{self._prefix}{drawn.name}", alt=drawn.alt)
        width, height = drawn.figure.get_size_inches()
        return Picture(drawn.heading, Markup(svg), tall=bool(height > width))
