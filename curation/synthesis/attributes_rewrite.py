"""One reply at five levels of one attribute: what the writer is asked, and which levels survive.

    exchange, attribute → five requests → five texts → those that keep the meaning and differ

Reference: Li et al., PrefPalette (arXiv 2507.13541), section 3: counterfactual edits of one
attribute, here of logged replies instead of forum comments.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from curation.feedback.exchanges import bare_pair
from curation.models.protocols import Completion, GenerationRequest
from curation.prompts.attribute_rewrite import ATTRIBUTE_REWRITE
from curation.prompts.choice import FORMS
from curation.prompts.prompt import Unparsed, dialogue
from curation.synthesis.attributes import ATTRIBUTES, LEVELS, Attribute
from curation.synthesis.meaning import (
    MeaningSettings,
    Similarity,
    lexical_similarity,
    meaning_problem,
)
from curation.synthesis.origins import first_exchange, with_origin
from curation.synthesis.reply import ReplySampling
from schemas.errors import UsageError
from schemas.ids import content_id, unit_interval
from schemas.records import Conversation, Drop, PreferencePair

METHOD = "attributes"
"""`PreferencePair.method`."""
NO_EXCHANGE, TOO_FEW_LEVELS, SAME_TEXT = "no_exchange", "too_few_levels", "same_text"
"""Reasons: a conversation without a reply to rewrite; an exchange with fewer than two levels left;
levels whose texts are the same."""
VERIFY = ("all_pairs", "adjacent", "none")
"""How it may be checked that the attribute moved; the costs stand in `AttributeSettings`."""


class AttributeSettings(NamedTuple):
    """How replies are rewritten, and what their rewritings have to pass.

    Parameters: `attributes`, by name, that are drawn from; `attributes_per_exchange`, how many
    are drawn for each; `sampling` of the writer, whose seed draws the attributes as well, and
    whose `keep_truncated` keeps rewritings that were cut off; `meaning`, what a rewriting has to
    keep; `wide`, bounds on the ratio of lengths in place of those of `meaning` for attributes
    that change the length.

    `verify`, which pairs of levels the judge compares: with five levels left `all_pairs` are 10,
    `adjacent` 4, and the rest of the order follows; `none` asks nothing. Each comparison is four
    questions; of `form` `likelihood` (one of `curation.prompts.choice.FORMS`) each is asked once,
    so that an exchange costs 40 or 16 calls; of `words` `repeats` times at `temperature`: 80 or
    32. `agreement` is the least share of them that must be as expected. `max_tokens` bounds a
    question of the judge.
    """

    attributes: tuple[str, ...] = tuple(ATTRIBUTES)
    attributes_per_exchange: int = 1
    sampling: ReplySampling = ReplySampling(
        max_new_tokens=512, temperature=1.0, top_p=1.0, max_prompt_tokens=4096
    )
    meaning: MeaningSettings = MeaningSettings()
    wide: tuple[float, float] = (0.15, 6.0)
    verify: str = "adjacent"
    form: str = "likelihood"
    repeats: int = 2
    temperature: float = 0.7
    agreement: float = 1.0
    max_tokens: int = 8192


class AttributeDraft(NamedTuple):
    """A logged reply, and the attribute that it is to be rewritten by."""

    pair: PreferencePair
    """Prompt and origin; it has no sides, and its id is that of the draft."""
    reply: str
    attribute: str
    """Name of the attribute."""


class Level(NamedTuple):
    """A reply at a level of an attribute."""

    level: int
    text: str
    seed: int
    """Of its request."""


class AttributeLevels(NamedTuple):
    """A reply at those levels that survived, the lowest first."""

    pair: PreferencePair
    """As in the draft, with the writer in its provenance."""
    attribute: str
    levels: tuple[Level, ...]


def check_settings(settings: AttributeSettings) -> None:
    """Refuse settings that make no sense.

    Raises: UsageError naming the setting.

    >>> check_settings(AttributeSettings(attributes=("formalness",)))
    Traceback (most recent call last):
    schemas.errors.UsageError: attribute 'formalness': expected one of verbosity, formality, ...
    """
    for name in settings.attributes:
        if name not in ATTRIBUTES:
            raise UsageError(f"attribute {name!r}: expected one of {', '.join(ATTRIBUTES)}")
    if not 1 <= settings.attributes_per_exchange <= len(set(settings.attributes)):
        raise UsageError(
            f"{settings.attributes_per_exchange} attributes for each exchange, of "
            f"{len(set(settings.attributes))} that there are to draw from"
        )
    if settings.verify not in VERIFY:
        raise UsageError(f"verify {settings.verify!r}: expected {', '.join(VERIFY)}")
    if settings.form not in FORMS:
        raise UsageError(f"a judge asked by {settings.form!r}: expected {' or '.join(FORMS)}")
    if settings.repeats < 1:
        raise UsageError(f"{settings.repeats} repeats: expected at least 1")
    if not 0 < settings.agreement <= 1:
        raise UsageError(f"agreement {settings.agreement}: expected a share above 0, at most 1")


def attribute_drafts(
    conversation: Conversation, settings: AttributeSettings = AttributeSettings()
) -> tuple[AttributeDraft, ...] | Drop:
    """The first exchange of a conversation with each attribute drawn for it.

    Output: drafts in the order of the attributes' names; what is drawn depends on the seed and
    the conversation's id alone. The `Drop` `no_exchange` where there is no reply, or an earlier
    path of the same tree has shown it.

    >>> from schemas.records import Message
    >>> talk = (Message("user", "Hi"), Message("assistant", "Hello there."))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> [draft.reply for draft in attribute_drafts(chat)]
    ['Hello there.']
    """
    exchange = first_exchange(conversation)
    if exchange is None:
        return Drop(conversation.id, NO_EXCHANGE, None, None)

    def place(name: str) -> tuple[float, str]:
        drawn = content_id("attribute", conversation.id, name)
        return unit_interval(settings.sampling.seed, drawn), name

    drawn = sorted(set(settings.attributes), key=place)[: settings.attributes_per_exchange]
    return tuple(
        AttributeDraft(
            bare_pair(
                conversation,
                METHOD,
                content_id("attribute draft", name, exchange.prompt, exchange.reply),
                exchange.prompt,
                (),
                (),
            ),
            exchange.reply,
            name,
        )
        for name in sorted(drawn)
    )


def rewrite_requests(
    draft: AttributeDraft, settings: AttributeSettings = AttributeSettings()
) -> list[GenerationRequest]:
    """Ask the writer for the reply at each of the levels, the lowest first."""
    attribute = ATTRIBUTES[draft.attribute]
    parts = [*dialogue(draft.pair.prompt), ("reply", draft.reply)]
    return [
        settings.sampling.request(
            ATTRIBUTE_REWRITE.messages(parts, attribute=attribute, level=level),
            content_id("level", draft.pair.id, level),
        )
        for level in LEVELS
    ]


def read_rewritings(
    draft: AttributeDraft,
    answers: Sequence[Sequence[Completion]],
    settings: AttributeSettings = AttributeSettings(),
    model: str = "",
    similarity: Similarity = lexical_similarity,
) -> tuple[AttributeLevels | Drop, tuple[str, ...]]:
    """Keep the levels whose text is of the grammar, keeps the meaning and is like no other's.

    Input: the draft, the answers to its `rewrite_requests`. Parameters: the settings they were
    made with; `model`, the writer as `name@revision`; `similarity` of meaning. Output: the levels
    that are left, or the `Drop` `too_few_levels` when fewer than two are; and a note for each level
    that is not: `attribute_rewrite:KIND`, a reason of `meaning_problem`, `same_text`.
    """
    attribute, sampling = ATTRIBUTES[draft.attribute], settings.sampling
    keeping = _meaning(attribute, settings)
    notes, levels = [], []
    for level, request, completions in zip(
        LEVELS, rewrite_requests(draft, settings), answers, strict=True
    ):
        completion = completions[0]
        if sampling.keep_truncated:
            completion = completion._replace(finish_reason="stop")
        text = ATTRIBUTE_REWRITE.parse(completion)
        if isinstance(text, Unparsed):
            notes.append(text.reason)
        elif problem := meaning_problem(draft.reply, text, keeping, similarity):
            notes.append(problem)
        else:
            levels.append(Level(level, text, request.seed))
    # A text that serves two levels is at neither of them for certain.
    often = Counter(level.text for level in levels)
    different = tuple(level for level in levels if often[level.text] == 1)
    notes += [SAME_TEXT] * (len(levels) - len(different))
    if len(different) < 2:
        drop = Drop(draft.pair.id, TOO_FEW_LEVELS, float(len(different)), 2.0)
        return drop, tuple(notes)
    pair = with_origin(
        draft.pair,
        models=[f"writer={model}"] if model else (),
        prompts=[ATTRIBUTE_REWRITE.identity],
    )
    cut = max(completions[0].cut_messages for completions in answers)
    return AttributeLevels(pair._replace(cut_messages=cut), draft.attribute, different), tuple(
        notes
    )


def _meaning(attribute: Attribute, settings: AttributeSettings) -> MeaningSettings:
    if not attribute.changes_length:
        return settings.meaning
    shortest, longest = settings.wide
    return settings.meaning._replace(shortest=shortest, longest=longest)
