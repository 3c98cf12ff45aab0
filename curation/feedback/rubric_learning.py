"""Learning a rubric from labelled conversations, as SPUR does.

1. Extraction: for each labelled conversation, a model writes up to three reasons why its user is
   satisfied or dissatisfied.
2. Summarisation: the reasons of one polarity are merged in chunks, and what comes out is merged
   again, until one chunk is left: a rubric of at most ten items.

What the model writes is read strictly: one reason, or one item, on each line, in a fixed form.
A line in another form is counted and not used; an answer without any line in form is asked for
again, and counted.

Reference: Lin et al., Interpretable User Satisfaction Estimation for Conversational Systems with
Large Language Models (SPUR, arXiv 2403.12388), sections 3.1 and 3.2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import NamedTuple, TypeVar

from curation.feedback.rubric import RubricItem
from curation.feedback.rubric_learning_answers import unique_items
from curation.feedback.rubric_learning_prompt import (
    extraction_messages,
    merging_messages,
)
from curation.models.protocols import Completion, GenerationRequest, Generator
from curation.prompts.prompt import Unparsed
from curation.prompts.rubric_learning import ITEMS, MAX_REASONS, REASONS
from schemas import Conversation, Message
from schemas.errors import ModelError, UsageError
from schemas.ids import content_id, seed_from
from schemas.records import POLARITIES

RETRY_TEMPERATURE = 0.7
"""Temperature of the second and later attempts at an answer."""

_BATCH = 32  # Requests between two words of progress.

T = TypeVar("T")


class Example(NamedTuple):
    """A conversation of whose user it is known whether they were satisfied."""

    conversation: Conversation
    polarity: str
    """One of `schemas.records.POLARITIES`."""


@dataclass(frozen=True)
class RubricLearning:
    """How a rubric is learned."""

    max_examples: int = 150
    """Most conversations of each polarity."""
    chunk: int = 80
    """Most reasons that are merged at once."""
    max_items: int = 10
    """Most items of each polarity."""
    max_new_tokens: int = 512
    """Length of an answer, in tokens."""
    max_prompt_tokens: int = 8000
    """Bound on a prompt, kept for every tokenizer and every text."""
    attempts: int = 3
    """How often an answer is asked for until a line of it is in form; the first time the likeliest
    one, then sampled at `RETRY_TEMPERATURE`."""
    seed: int = 0
    """Of the choice of examples and of sampling."""


@dataclass
class Report:
    """What became of the answers; for each polarity."""

    examples: dict[str, int] = field(default_factory=dict)
    """Conversations asked about."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Different reasons found in them."""
    answers: int = 0
    """All answers of the model."""
    unusable: int = 0
    """Of these, answers without one line in form."""
    lines_dropped: int = 0
    """Lines in another form, in answers that were used all the same."""


def learn_rubric(
    examples: Sequence[Example],
    model: Generator,
    settings: RubricLearning | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[list[RubricItem], Report]:
    """Learn a rubric.

    Input: labelled conversations, of which at most `max_examples` of a polarity are drawn by the
    seed. Parameters: report: is told what is being done, in a line. Output: at most `max_items`
    items for each polarity, satisfaction first, with names of their own; and what became of the
    model's answers. The examples' order does not matter.

    Raises: UsageError without examples of both polarities; ModelError where no answer gives an
    item of a polarity, with how many were unusable.
    """
    settings = settings or RubricLearning()
    done = Report()
    items: list[RubricItem] = []
    taken: set[str] = set()
    for polarity, chosen in draw_both(examples, settings).items():
        done.examples[polarity] = len(chosen)
        asking = _Asking(model, settings, done, partial(_tell, report, f"{polarity}: reasons"))
        reasons = _extract(chosen, asking)
        done.reasons[polarity] = len(reasons)
        if not reasons:
            raise ModelError(_failure(f"no reason for {polarity} in the model's answers", done))
        report(f"{polarity}: {len(reasons)} different reasons to merge")
        merged = _merge(reasons, polarity, asking._replace(tell=partial(_tell, report, "merging")))
        own = unique_items(merged, polarity, settings.max_items, taken)
        if not own:
            raise ModelError(_failure(f"no item for {polarity} in the model's answers", done))
        taken |= {item.name for item in own}
        items += own
    return items, done


def draw_both(examples: Sequence[Example], settings: RubricLearning) -> dict[str, list[Example]]:
    """The examples that are asked about, by polarity.

    Raises: UsageError where there is none of a polarity.
    """
    drawn = {polarity: draw(examples, polarity, settings) for polarity in POLARITIES}
    for polarity, chosen in drawn.items():
        if not chosen:
            raise UsageError(f"no example is labelled with {polarity}: give some of both labels")
    return drawn


def draw(examples: Sequence[Example], polarity: str, settings: RubricLearning) -> list[Example]:
    """The examples of a polarity that are asked about: those with the smallest seeded hashes."""
    keyed = {
        content_id("rubric", settings.seed, example.conversation.messages): example
        for example in examples
        if example.polarity == polarity
    }
    return [keyed[key] for key in sorted(keyed)[: settings.max_examples]]


def extraction_request(example: Example, settings: RubricLearning) -> GenerationRequest:
    """Ask for the reasons of one example."""
    messages = extraction_messages(
        example.conversation, example.polarity, MAX_REASONS, settings.max_prompt_tokens
    )
    return _request(messages, settings)


def merging_request(
    reasons: Sequence[str], polarity: str, settings: RubricLearning
) -> GenerationRequest:
    """Ask for a rubric that merges reasons."""
    messages = merging_messages(reasons, polarity, settings.max_items, settings.max_prompt_tokens)
    return _request(messages, settings)


class _Asking(NamedTuple):
    """What it takes to ask."""

    model: Generator
    settings: RubricLearning
    done: Report
    tell: Callable[[int, int, int], None]


def _tell(
    report: Callable[[str], None], what: str, answered: int, total: int, attempt: int
) -> None:
    again = f", attempt {attempt + 1}" if attempt else ""
    report(f"{what}: {answered} of {total} answers{again}")


def _extract(examples: Sequence[Example], asking: _Asking) -> list[str]:
    requests = [extraction_request(example, asking.settings) for example in examples]
    found = _ask(requests, REASONS.parse_lines, asking)
    return list(dict.fromkeys(reason for reasons in found for reason in reasons))


def _merge(reasons: Sequence[str], polarity: str, asking: _Asking) -> list[RubricItem]:
    texts, settings = list(reasons), asking.settings
    while True:
        chunks = _chunks(texts, settings.chunk)
        requests = [merging_request(chunk, polarity, settings) for chunk in chunks]
        found = _ask(requests, partial(ITEMS.parse_for, polarity=polarity), asking)
        merged = [item for items in found for item in items[: settings.max_items]]
        shorter = [f"{item.name.replace('_', ' ')}: {item.definition}" for item in merged]
        if len(chunks) == 1 or not merged or len(shorter) >= len(texts):
            return merged
        texts = shorter


def _ask(
    requests: Sequence[GenerationRequest],
    parse: Callable[[Completion], tuple[list[T], int] | Unparsed],
    asking: _Asking,
) -> list[list[T]]:
    """What the answers hold; those without a line in form are asked for again, by other seeds."""
    found: list[list[T]] = [[] for _ in requests]
    todo = list(range(len(requests)))
    done = asking.done
    for attempt in range(asking.settings.attempts):
        for start in range(0, len(todo), _BATCH):
            batch = todo[start : start + _BATCH]
            answers = asking.model.generate([_attempt(requests[i], attempt) for i in batch])
            for i, (answer, *_) in zip(batch, answers, strict=True):
                done.answers += 1
                read = parse(answer)
                if isinstance(read, Unparsed):
                    done.unusable += 1
                    continue
                found[i], dropped = read
                done.lines_dropped += dropped
            asking.tell(start + len(batch), len(todo), attempt)
        todo = [i for i in todo if not found[i]]
    return found


def _attempt(request: GenerationRequest, attempt: int) -> GenerationRequest:
    if attempt == 0:
        return request
    seed = seed_from(request.seed, content_id("attempt", attempt))
    return request._replace(seed=seed, temperature=RETRY_TEMPERATURE)


def _chunks(texts: Sequence[str], most: int) -> list[Sequence[str]]:
    """Texts in chunks of about equal size."""
    count = ceil(len(texts) / most)
    size = ceil(len(texts) / count)
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def _failure(problem: str, done: Report) -> str:
    return (
        f"{problem}: {done.unusable} of {done.answers} answers could not be used. A larger model, "
        "or more examples, may help"
    )


def _request(messages: list[Message], settings: RubricLearning) -> GenerationRequest:
    return GenerationRequest(
        messages,
        seed_from(settings.seed, content_id("rubric", messages)),
        settings.max_new_tokens,
        temperature=0.0,
        max_prompt_tokens=settings.max_prompt_tokens,
    )
