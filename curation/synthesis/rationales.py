"""Rationales: a model that is told which reply is preferred says why.

The writer sees both replies as A and B. Which of them is A is drawn by the pair and the kind of
rationale, or "the first one is better" could be learned without reading.

Reference: Just et al., Data-Centric Human Preference with Rationales for Direct Preference
Alignment (arXiv 2407.14477). Its own prompts always show the chosen reply first.
"""

from collections.abc import Sequence
from typing import NamedTuple

from curation.models.protocols import Completion, GenerationRequest
from curation.prompts.prompt import Unparsed
from curation.prompts.rationale import MAX_CHARS, RATIONALE_PROMPTS, TOO_LONG
from curation.synthesis.origins import with_origin
from curation.synthesis.reply import ReplySampling
from schemas.errors import UsageError
from schemas.ids import content_id, unit_interval
from schemas.records import PLACES, PreferencePair, Rationale

KINDS = tuple(RATIONALE_PROMPTS)
"""Kinds of rationales: `general`, `specific`."""


class RationaleSettings(NamedTuple):
    """How rationales are written and checked.

    Parameters: `kinds`, of `KINDS`; `sampling` of the writer, whose `seed` also decides the order
    of the replies and whose `keep_truncated` changes nothing: a rationale that was cut off is
    none; `max_chars` of a rationale; `max_shown`, characters of prompt and replies together, of
    pairs that have more no model is asked; `check` whether a judge agrees, asked in the `form`
    `likelihood` or `words`, of at most `max_check_tokens` tokens; `unaided` also asks the judge
    without any rationale, and its answer is counted.
    """

    kinds: tuple[str, ...] = KINDS
    sampling: ReplySampling = ReplySampling(max_new_tokens=256, max_prompt_tokens=8192)
    max_chars: int = MAX_CHARS
    max_shown: int = 24_000
    check: bool = True
    form: str = "likelihood"
    max_check_tokens: int = 8192
    unaided: bool = True


_DEFAULT = RationaleSettings()


class Explained(NamedTuple):
    """A pair with the rationales that were written for it."""

    pair: PreferencePair
    rationales: tuple[Rationale, ...]
    """Those of the grammar, by kind in the order of the settings; not in the pair yet."""
    notes: tuple[str, ...]
    """Why others are missing: `prompt:kind`, or `pair_too_long`."""


def place_of_chosen(pair: str, kind: str, seed: int = 0) -> str:
    """Where the chosen reply of a pair is shown to the writer of a rationale.

    Input: the pair's id and the kind. Parameters: `seed` of the run. Output: one of `PLACES`, each
    in half of the cases, for every kind anew.

    >>> place_of_chosen("pair 1", "general"), place_of_chosen("pair 5", "general")
    ('second', 'first')
    """
    first = unit_interval(seed, content_id("rationale order", kind, pair)) < 0.5
    return PLACES[0] if first else PLACES[1]


def in_order(pair: PreferencePair, chosen_shown: str) -> tuple[str, str]:
    """Both replies of a pair as they are shown when the chosen one has a place of `PLACES`."""
    chosen, rejected = pair.chosen[0].content, pair.rejected[0].content
    return (chosen, rejected) if chosen_shown == PLACES[0] else (rejected, chosen)


def rationale_requests(
    pair: PreferencePair, settings: RationaleSettings = _DEFAULT
) -> list[GenerationRequest]:
    """Ask why the chosen reply is better, once for each kind.

    Output: one request a kind, in the settings' order; none for a pair that is too long to show.
    Raises: UsageError for kinds that there are not.
    """
    kinds, sampling = settings.kinds, settings.sampling
    if not kinds or not set(kinds) <= set(KINDS) or len(set(kinds)) < len(kinds):
        raise UsageError(f"rationales of the kinds {kinds}: expected one or both of {KINDS}")
    if _is_too_long(pair, settings):
        return []
    requests = []
    for kind in kinds:
        place = place_of_chosen(pair.id, kind, sampling.seed)
        better = "A" if place == PLACES[0] else "B"
        messages = RATIONALE_PROMPTS[kind].about(pair.prompt, *in_order(pair, place), better)
        requests.append(sampling.request(messages, content_id("rationale", kind, pair.id)))
    return requests


def read_rationales(
    pair: PreferencePair,
    answers: Sequence[Sequence[Completion]],
    settings: RationaleSettings = _DEFAULT,
) -> Explained:
    """Read the answers to a pair's `rationale_requests` with the same settings.

    Output: the rationales that are of the grammar, and a note for each that is not.
    """
    if _is_too_long(pair, settings):
        return Explained(pair, (), (f"pair_{TOO_LONG}",))
    rationales, notes = [], []
    replies = in_order(pair, PLACES[0])
    for kind, completions in zip(settings.kinds, answers, strict=True):
        text = RATIONALE_PROMPTS[kind].parse_about(completions[0], replies, settings.max_chars)
        if isinstance(text, Unparsed):
            notes.append(text.reason)
        else:
            place = place_of_chosen(pair.id, kind, settings.sampling.seed)
            rationales.append(Rationale(kind, text, place))
    return Explained(pair, tuple(rationales), tuple(notes))


def with_rationales(
    pair: PreferencePair,
    rationales: Sequence[Rationale],
    models: Sequence[str],
    prompts: Sequence[str] = (),
) -> PreferencePair:
    """The pair with rationales beside those that it had, and where they are from.

    Input: the pair and the rationales to keep. Parameters: `models` as `role=name@revision` and
    `prompts` beside those of the rationales. Output: the pair as it was when there are none.
    """
    if not rationales:
        return pair
    asked = [RATIONALE_PROMPTS[rationale.kind].identity for rationale in rationales]
    return with_origin(pair, models=models, prompts=(*asked, *prompts))._replace(
        rationales=tuple(dict.fromkeys((*pair.rationales, *rationales))),
        rationale=pair.rationale or rationales[0].text,
    )


def _is_too_long(pair: PreferencePair, settings: RationaleSettings) -> bool:
    shown = (*pair.prompt, *pair.chosen, *pair.rejected)
    return sum(len(message.content) for message in shown) > settings.max_shown
