"""The console that tables and panels go to."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from hpo.definition.printable import printable


def console() -> Console:
    """Return a console for tables and texts with words out of a database: of what it is given it prints no escape."""
    return _PlainConsole(highlight=False)


class _PlainConsole(Console):
    """Writes its own styles and no one else's."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))
