"""A prompt: a template that is rendered, and the grammar by which its answers are read."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from jinja2 import FileSystemLoader, StrictUndefined, meta
from jinja2 import Template as JinjaTemplate
from jinja2.sandbox import ImmutableSandboxedEnvironment

from curation.models.protocols import Completion
from curation.prompts.frame import FRAME, marked
from schemas.ids import content_id
from schemas.records import Drop, Message

T = TypeVar("T")

EMPTY, TRUNCATED, OFF_GRAMMAR = "empty", "truncated", "off_grammar"
"""Kinds of failure that every prompt has: nothing was written; the answer was cut off; it is not
of the prompt's grammar. A prompt may have more."""

FOLDER = Path(__file__).parent
"""Where the templates lie."""

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


class Unparsed(NamedTuple):
    """An answer that is of no use, and why: a value, never a guess."""

    prompt: str
    """Name of the prompt."""
    kind: str
    """What is wrong, short and countable."""

    @property
    def reason(self) -> str:
        """Prompt and kind, as the funnel counts them.

        >>> Unparsed("ugc_question", "truncated").reason
        'ugc_question:truncated'
        """
        return f"{self.prompt}:{self.kind}"

    def drop(self, pair: str) -> Drop:
        """The `Drop` of a pair that there is no use for without the answer."""
        return Drop(pair, self.reason, None, None)


class Template:
    """What a model is told, where no text that it writes is read by a grammar.

    A subclass says its `name`, which is also its template's; `version`, raised with every change
    of template or grammar; and `grammar`, where there is one.
    """

    name: str
    version: int
    grammar: str = ""

    @property
    def identity(self) -> str:
        """Name, version and content hash, also of what the template includes.

        It stands in `Provenance.prompts`.
        """
        texts = (template_of(self.name), FRAME, *map(template_of, included(self.name)))
        digest = content_id(self.version, self.grammar, *texts)
        return f"{self.name}-v{self.version}@{digest[:12]}"

    def render(self, **words: object) -> list[Message]:
        """Render the blocks `system` and `user`.

        Parameters: `words`, what the template names; a text from data is none of them unless it is
        one harmless line, or stands after a mark that is in none of the texts.

        Raises: jinja2.UndefinedError for a word that the template names and nobody gave.
        """
        return [Message(role, self.block(role, **words)) for role in ("system", "user")]

    def block(self, name: str, /, **words: object) -> str:
        """Render one block, without blanks around it; as `render`."""
        template = _template(self.name)
        return "".join(template.blocks[name](template.new_context(words))).strip()


class Prompt(Template, Generic[T]):
    """What a model is asked, and what its answer may be.

    A subclass says what every `Template` says; its `grammar`, the form of an answer in words or
    EBNF; and `read`.
    """

    def messages(self, parts: Sequence[tuple[str, str]], **words: object) -> list[Message]:
        """Render the prompt.

        Input: the texts that come from data, each with its title, in order; the template places
        them as `data`, or frames the `parts` and their `mark` in words of its own. Parameters:
        `words` are what else the template names; they are ours, or a recipe's, and never from
        data.

        Raises: jinja2.UndefinedError for a word that the template names and nobody gave.
        """
        mark, shown = marked(parts)
        data = FRAME.format(mark=mark, parts=shown) if parts else ""
        return self.render(data=data, mark=mark, parts=shown, **words)

    def parse(self, answer: Completion) -> T | Unparsed:
        """Read an answer: what it says, or why it says nothing."""
        text = answer.text.strip()
        if answer.finish_reason != "stop":
            return Unparsed(self.name, TRUNCATED)
        return self.read(text) if text else Unparsed(self.name, EMPTY)

    def read(self, text: str) -> T | Unparsed:
        """Read the text of an answer that was ended, without blanks around it; raises nothing."""
        raise NotImplementedError  # protocol

    def unparsed(self, kind: str = OFF_GRAMMAR) -> Unparsed:
        """A failure of this prompt."""
        return Unparsed(self.name, kind)


def dialogue(prompt: Sequence[Message]) -> list[tuple[str, str]]:
    """A conversation as parts of a prompt.

    >>> dialogue([Message("user", "Hi")])
    [('conversation, user', 'Hi')]
    """
    return [(f"conversation, {message.role}", message.content) for message in prompt]


@cache
def template_of(name: str) -> str:
    """The text of a prompt's template."""
    return (FOLDER / f"{name}.jinja").read_text("utf-8")


@cache
def _template(name: str) -> JinjaTemplate:
    return _ENVIRONMENT.get_template(f"{name}.jinja")


@cache
def included(name: str) -> tuple[str, ...]:
    """Names of the templates that a template includes, and that these include, each once."""
    found = meta.find_referenced_templates(_ENVIRONMENT.parse(template_of(name)))
    names = sorted({str(file).removesuffix(".jinja") for file in found})
    return tuple(dict.fromkeys(inner for name in names for inner in (name, *included(name))))
