"""The replies that are compared: written by a model, or read from a file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from curation.evaluation.items import Item, messages_of
from curation.models.protocols import Completion, GenerationRequest
from schemas.errors import InputError
from schemas.ids import conversation_id, seed_from


class AnswerSettings(NamedTuple):
    """How a model is asked for its replies.

    Parameters: `seed` of the evaluation, from which each item's own is derived; the others as in
    `GenerationRequest`.
    """

    seed: int = 0
    max_new_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    max_prompt_tokens: int = 2048


class Answer(NamedTuple):
    """One reply to one item."""

    text: str
    truncated: bool = False
    """Whether it was cut at `max_new_tokens`."""
    cut_messages: int = 0
    """Older messages of the prompt that the model did not see."""


class Given(NamedTuple):
    """What a file of answers holds for a test set."""

    answers: dict[str, Answer]
    """By the id of the item."""
    unknown: int
    """Rows for prompts that are not in the test set."""


def answer_request(item: Item, settings: AnswerSettings) -> GenerationRequest:
    """What a model is asked for an item. The checklist is not shown to it.

    The seed depends on the item and not on the side, so a model against itself is a tie.
    """
    return GenerationRequest(
        item.prompt,
        seed_from(settings.seed, item.id),
        settings.max_new_tokens,
        settings.temperature,
        settings.top_p,
        max_prompt_tokens=settings.max_prompt_tokens,
    )


def answer_of(completions: Sequence[Completion]) -> Answer:
    """The reply that a model gave.

    >>> answer_of([Completion(" Red. ", "stop", 9, 3)])
    Answer(text='Red.', truncated=False, cut_messages=0)
    """
    completion = completions[0]
    truncated = completion.finish_reason == "length"
    return Answer(completion.text.strip(), truncated, completion.cut_messages)


def answers_of_rows(rows: Iterable[Any], items: Iterable[Item]) -> Given:
    """The replies in a file, each put to its item.

    Input: objects with `response`, and `id` (the item's) or `prompt` (its messages, or one user
    message as text).

    Raises: InputError for a row that is none of this, or that gives an item a second, different
    reply; the message begins with the number of the row, counted from 1.

    >>> from curation.evaluation.items import item_of_row
    >>> item = item_of_row({"prompt": "Name a colour.", "rubric": "One word."})
    >>> rows = [{"prompt": "Name a colour.", "response": "Red."}, {"id": "x", "response": "?"}]
    >>> given = answers_of_rows(rows, [item])
    >>> given.answers[item.id].text, given.unknown
    ('Red.', 1)
    """
    items = list(items)
    by_id = {item.id: item.id for item in items}
    by_prompt = {conversation_id(item.prompt): item.id for item in items}
    answers: dict[str, Answer] = {}
    unknown = 0
    for number, row in enumerate(rows, start=1):
        try:
            response = row.get("response") if isinstance(row, Mapping) else None
            if not isinstance(response, str):
                raise InputError("expected an object with the text `response`")
            if isinstance(row.get("id"), str):
                found = by_id.get(row["id"])
            else:
                found = by_prompt.get(conversation_id(messages_of(row.get("prompt"))))
            if found is None:
                unknown += 1
                continue
            answer = Answer(response.strip())
            if answers.setdefault(found, answer) != answer:
                raise InputError(f"a second, different response for item {found}")
        except InputError as error:
            raise InputError(f"row {number}: {error}") from None
    return Given(answers, unknown)
