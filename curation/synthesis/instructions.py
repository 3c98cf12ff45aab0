"""Pairs whose preference is an instruction that one reply keeps and the other breaks.

A pair of replies to one prompt becomes two pairs: with instructions that the chosen reply keeps
and the rejected one breaks, and the other way round. What tells the two sides apart is only what
was asked for, and code has checked it. Where wanted, a fixed reply is shown with two requests that
differ in one instruction, of which the reply keeps the one and breaks the other.

Reference: MAPL (arXiv 2505.12845), inter- and intra-sample multi-aspect preferences; the
instructions are those of `curation.instructions`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from curation.instructions.catalogue import DEFAULT_KINDS, catalogue_identity, kind_named
from curation.instructions.conflicts import are_compatible, open_topics
from curation.instructions.draw import Draw
from curation.instructions.instruction import Instruction, make_instruction
from curation.instructions.view import View
from curation.synthesis.instruction_choice import choice_of_requests
from curation.synthesis.origins import derived_pair, with_origin
from schemas.errors import UsageError
from schemas.records import Drop, Message, PreferencePair

INTER, INTRA = "instructions", "instruction_choice"
"""Methods of the pairs: two replies to one request; one reply to two requests."""


class InstructionSettings(NamedTuple):
    """How instructions are chosen.

    Parameters: `seed` of the run; `max_instructions` of a request, at least 1 and drawn up to that;
    `mirrored`: each pair also the other way round; `require_both`: without the mirrored pair there
    is none at all, so that nobody who ignores the instructions does better than chance; `intra`:
    also ask which of two requests the chosen reply was written for; `kinds` of instructions by
    name: `language` needs the extra `languages` and is not among them by default.
    """

    seed: int = 0
    max_instructions: int = 3
    mirrored: bool = True
    require_both: bool = True
    intra: bool = False
    kinds: tuple[str, ...] = DEFAULT_KINDS


class Instructed(NamedTuple):
    """A pair, and the pairs that were made of it."""

    pair: PreferencePair
    made: tuple[PreferencePair, ...]
    """The pair with its instructions, its mirror, and the choice of requests, as far as wanted
    and possible."""


def check_settings(settings: InstructionSettings) -> None:
    """Refuse settings that cannot be.

    Raises: UsageError for no instructions at all, or a kind that there is not.
    """
    if settings.max_instructions < 1 or not settings.kinds:
        raise UsageError("instructions: expected max_instructions of 1 or more, and some kinds")
    for name in settings.kinds:
        kind_named(name)


def instructed(
    pair: PreferencePair, settings: InstructionSettings = InstructionSettings()
) -> Instructed | Drop:
    """Make pairs whose preference is an instruction.

    Output: what was made; or a `Drop`: `no_request`, when the prompt does not end with a user turn
    or a side is missing; `one_direction_only`, when only one of the replies does something that
    the other does not, and both directions are required; `no_contrast`, when neither does;
    `unverified`, should a finished pair fail the check of its instructions.

    Raises: UsageError for settings that cannot be; MissingExtraError for `language` without its
    extra.
    """
    check_settings(settings)
    if not pair.prompt or pair.prompt[-1].role != "user" or not (pair.chosen and pair.rejected):
        return Drop(pair.id, "no_request", None, None)
    chosen, rejected = pair.chosen[0].content, pair.rejected[0].content
    views = View(chosen), View(rejected)
    free = open_topics(pair.prompt)
    draw = Draw(settings.seed, pair.id)
    forward = choose(*views, free, draw.of("chosen"), settings)
    backward = (
        choose(*views[::-1], free, draw.of("rejected"), settings) if settings.mirrored else []
    )
    made = []
    missing = "" if forward and (backward or not settings.mirrored) else "no_contrast"
    if missing and (forward or backward):
        missing = "one_direction_only" if settings.require_both else ""
    if not missing:
        for instructions, wanted, unwanted in (
            (forward, chosen, rejected),
            (backward, rejected, chosen),
        ):
            if not instructions:
                continue
            if not verified(instructions, wanted, unwanted):
                return Drop(pair.id, "unverified", None, None)
            made.append(_pair_with(pair, instructions, wanted, unwanted, draw))
    if settings.intra:
        made += _choices(pair, views[0], free, draw.of("intra"), settings)
    if not made:
        return Drop(pair.id, missing, None, None)
    return Instructed(pair, tuple(made))


def choose(
    kept: View, broken: View, topics: Sequence[str], draw: Draw, settings: InstructionSettings
) -> list[Instruction]:
    """Instructions that one reply keeps and another breaks, all of them, beyond doubt.

    Input: both replies; the topics that may be spoken of. Output: up to a number drawn from 1 to
    `max_instructions`, of different topics that go together.
    """
    wanted = draw.of("how many").pick(range(1, settings.max_instructions + 1))
    found: list[Instruction] = []
    for topic, names in _by_topic(topics, draw, settings):
        if len(found) == wanted:
            break
        if not _goes_with(topic, found):
            continue
        for name in names:
            instruction = make_instruction(name, kept, broken, draw)
            if instruction:
                found.append(instruction)
                break
    return found


def verified(instructions: Sequence[Instruction], wanted: str, unwanted: str) -> bool:
    """Whether the one text keeps all instructions and the other breaks every one."""
    kept, broken = View(wanted), View(unwanted)
    return all(i.holds(kept) and not i.holds(broken) for i in instructions)


def request_with(request: str, texts: Sequence[str], draw: Draw) -> str:
    """A user's request with instructions after it, in one of a few forms.

    >>> print(request_with("Why?", ["Use at most 9 words."], Draw(0, "a")))
    Why?
    <BLANKLINE>
    Use at most 9 words.
    """
    if len(texts) == 1:
        words = draw.of("form").pick(("{}", "{}", "Please note: {}")).format(texts[0])
    else:
        lines = "\n".join(f"- {text}" for text in texts)
        forms = (" ".join(texts), f"Please keep to the following:\n{lines}", "\n".join(texts))
        words = draw.of("form").pick(forms)
    return f"{request.rstrip()}\n\n{words}"


def _pair_with(
    pair: PreferencePair,
    instructions: Sequence[Instruction],
    wanted: str,
    unwanted: str,
    draw: Draw,
) -> PreferencePair:
    texts = [i.text(draw.seed, draw.identity) for i in instructions]
    last = Message("user", request_with(pair.prompt[-1].content, texts, draw))
    made = derived_pair(pair, INTER, (*pair.prompt[:-1], last), wanted, unwanted)
    made = made._replace(rubric="\n".join(texts))
    return with_origin(made, prompts=[catalogue_identity()])


def _choices(
    pair: PreferencePair,
    view: View,
    topics: Sequence[str],
    draw: Draw,
    settings: InstructionSettings,
) -> list[PreferencePair]:
    """The choice between two requests for one reply, where there is one to make."""
    # A reply is in one language only: asking for another would make no sense of the request.
    topics = [topic for topic in topics if topic != "language"]
    for topic, names in _by_topic(topics, draw, settings):
        right = _first(names, view, None, draw)
        wrong = _first([right.kind, *names], None, view, draw) if right else None
        if not right or not wrong:
            continue
        others = [t for t in topics if are_compatible(t, topic)]
        more = draw.of("more").pick(range(settings.max_instructions))
        shared: list[Instruction] = []
        for other, other_names in _by_topic(others, draw, settings):
            if len(shared) == more:
                break
            kept = _first(other_names, view, None, draw) if _goes_with(other, shared) else None
            if kept:
                shared.append(kept)
        return _choice(pair, [*shared, right], [*shared, wrong], draw)
    return []


def _choice(
    pair: PreferencePair, kept: Sequence[Instruction], broken: Sequence[Instruction], draw: Draw
) -> list[PreferencePair]:
    reply = pair.chosen[0].content
    if not all(i.holds(reply) for i in kept) or broken[-1].holds(reply):
        return []
    request = pair.prompt[-1].content
    texts = [[i.text(draw.seed, draw.identity) for i in side] for side in (kept, broken)]
    requests = [request_with(request, side, draw) for side in texts]
    right, wrong = requests
    asked = choice_of_requests(pair.prompt[:-1], reply, right, wrong, draw)
    if asked is None:
        return []
    prompt, identity = asked
    made = derived_pair(pair, INTRA, prompt, right, wrong)._replace(rubric="\n".join(texts[0]))
    return [with_origin(made, prompts=[catalogue_identity(), identity])]


def _by_topic(
    topics: Sequence[str], draw: Draw, settings: InstructionSettings
) -> list[tuple[str, list[str]]]:
    """Topics in the order of the draw, each with the kinds that may be used, in theirs."""
    kinds: dict[str, list[str]] = {topic: [] for topic in topics}
    for name in draw.of("kinds").shuffled(dict.fromkeys(settings.kinds)):
        topic = kind_named(name).topic
        if topic in kinds:
            kinds[topic].append(name)
    return [(topic, kinds[topic]) for topic in draw.of("topics").shuffled(topics) if kinds[topic]]


def _goes_with(topic: str, found: Sequence[Instruction]) -> bool:
    return all(are_compatible(topic, kind_named(i.kind).topic) for i in found)


def _first(
    names: Sequence[str], kept: View | None, broken: View | None, draw: Draw
) -> Instruction | None:
    for name in names:
        if instruction := make_instruction(name, kept, broken, draw):
            return instruction
    return None
