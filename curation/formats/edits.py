"""A document store's drafts and final texts: what people made of what a model wrote.

A row has the draft, the final text, and what was asked for: `prompt`, or `instruction` with the
material it is about in `context`. The final text is chosen, the draft rejected, and the margin is
the edit distance in words.

Reference: PRELUDE (arXiv 2404.15269), section 2.
"""

from collections.abc import Mapping
from typing import Any

from curation.feedback.alignment import normalised_distance
from curation.formats.completions import read_prompt, read_side
from curation.formats.context import Context
from curation.formats.conversations import with_system
from curation.formats.fields import first
from curation.formats.pairs import Dialogue, build_pair
from curation.formats.turns import check_text
from curation.reading.rows import Problem, Row
from schemas.records import Message, PreferencePair

_FINAL = ("final", "edited")
_ASKED = ("prompt", "instruction")


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `draft`, and `final` or `edited`.

    >>> matches({"prompt": "hi", "draft": "a", "final": "b"}), matches({"draft": "a"})
    (True, False)
    """
    return "draft" in value and any(name in value for name in _FINAL)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[PreferencePair] | Problem:
    """Read a row such as `{"prompt": "Say hi", "draft": "Hello Sir!", "final": "Hello!"}`.

    The prompt is `prompt` or `instruction`, after `context` where there is one, or `context`
    alone; a `system` text comes first. The margin is the edit distance in words by the longer
    text, 0 to 1; None where texts are too long and too far apart to tell.

    >>> value = {"prompt": "Say hi", "draft": "Hello, Sir!", "final": "Hello, Anna!"}
    >>> pair = parse(value, Row(value, 0), Context("a.jsonl"))[0]
    >>> pair.method, pair.margin, pair.chosen[0].content
    ('edits', 0.25, 'Hello, Anna!')
    """
    prompt = _prompt(value, context)
    if isinstance(prompt, Problem):
        return prompt
    name = next(name for name in _FINAL if name in value)
    final = read_side(first(value, _FINAL), name, context.max_turn_chars)
    draft = read_side(value["draft"], "draft", context.max_turn_chars)
    if isinstance(final, Problem):
        return final
    if isinstance(draft, Problem):
        return draft
    if [m.content.strip() for m in final] == [m.content.strip() for m in draft]:
        return Problem("identical_sides", "the final text is the draft")
    pairs = build_pair((prompt + final, prompt + draft), row, context, "edits")
    if isinstance(pairs, Problem):
        return pairs
    return [_as_edit(pair) for pair in pairs]


def _as_edit(pair: PreferencePair) -> PreferencePair:
    distance = normalised_distance(pair.chosen[0].content, pair.rejected[0].content)
    return pair._replace(method="edits", margin=distance, chosen_score=None, rejected_score=None)


def _prompt(value: Mapping[str, Any], context: Context) -> Dialogue | Problem:
    material, asked = value.get("context"), first(value, _ASKED)
    if material is not None and not isinstance(material, str):
        return Problem("wrong_type", f"context: expected text, got {type(material).__name__}")
    if material is not None and (problem := check_text(material, context.max_turn_chars)):
        return problem._replace(detail=f"context: {problem.detail}")
    if asked is None:
        prompt: Dialogue | Problem = (Message("user", material),) if material else ()
        if not prompt:
            return Problem("no_user_turn", "none of prompt, instruction and context is there")
    else:
        prompt = read_prompt(asked, context.max_turn_chars)
        if not isinstance(prompt, Problem) and material and material.strip():
            *before, last = prompt
            prompt = (*before, last._replace(content=f"{material}\n\n{last.content}"))
    if isinstance(prompt, Problem):
        return prompt
    return with_system(prompt, value, context.max_turn_chars)
