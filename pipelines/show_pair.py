"""A preference pair on a terminal: the two replies side by side, and why one is preferred."""

import itertools
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.printable import plain
from schemas.records import Message, PreferencePair

PROMPT_CHARS = 400
"""Characters of the end of the prompt that are shown."""
REPLY_CHARS = 600
"""Characters of each reply that are shown."""


def pair_panel(pair: PreferencePair) -> RenderableType:
    """Show a pair: end of the prompt, both replies, scores, method and reason.

    Input: a `PreferencePair`; its texts are shown as they are, never interpreted.
    """
    sides = Table.grid(padding=(0, 1), expand=True)
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    sides.add_row(
        _side("chosen", "green", pair.chosen, pair.chosen_score),
        _side("rejected", "red", pair.rejected, pair.rejected_score),
    )
    parts: list[RenderableType] = [_prompt(pair.prompt), sides]
    for label, text in (("wanted", pair.rubric), ("because", pair.rationale)):
        if text:
            parts.append(Text.assemble((f"{label}: ", "dim"), plain(text, PROMPT_CHARS)))
    parts.append(_scores(pair))
    title = Text.assemble(plain(pair.method, style="bold"), "  ", plain(pair.id[:12], style="dim"))
    return Panel(Group(*parts), title=title, title_align="left", expand=True)


def of_each_method(pairs: Iterable[PreferencePair], count: int) -> list[PreferencePair]:
    """Choose pairs to show: the first of each method in turn.

    Parameters: `count`, how many at most.
    """
    by_method: dict[str, list[PreferencePair]] = {}
    for pair in pairs:
        listed = by_method.setdefault(pair.method, [])
        if len(listed) < count:
            listed.append(pair)
    rounds = itertools.zip_longest(*by_method.values())
    return [pair for pair in itertools.chain.from_iterable(rounds) if pair][:count]


def _prompt(prompt: Sequence[Message]) -> Text:
    shown = Text()
    for message in prompt:
        shown.append_text(plain(message.role, style="cyan")).append(": ")
        shown.append_text(plain(message.content[-PROMPT_CHARS:])).append("\n")
    if len(shown) > PROMPT_CHARS:
        return Text("…") + shown[-PROMPT_CHARS:]
    return shown


def _side(label: str, colour: str, messages: Sequence[Message], score: float | None) -> Panel:
    text = "\n\n".join(message.content for message in messages)
    title = label if score is None else f"{label}  {score:.4f}"
    return Panel(plain(text, REPLY_CHARS), title=Text(title), border_style=colour, expand=True)


def _scores(pair: PreferencePair) -> Text:
    shown = Text(style="dim")
    for name in ("margin", "ches", "ln_ches", "uncertainty"):
        value = getattr(pair, name)
        if value is not None:
            shown.append(f"{name} {value:.4f}   ")
    return shown.append_text(plain(f"from {pair.source} {pair.provenance.input}"))
