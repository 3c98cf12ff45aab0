"""Preferences put into words by a model, once for each conversation, in the user's language.

The model reads nothing but the conversation's first request and its complaints
(`PairDraft.feedback`), so that all drafts of a conversation ask the same, and kept answers serve
them all. What it writes is as untrusted as what it has read: an answer out of form leaves the
preference as the rules put it together, and says so.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.2; checklists of at most four
yes/no items as in CUPID (arXiv 2508.01674).
"""

from typing import NamedTuple

from curation.models.protocols import Completion, GenerationRequest, Guide
from curation.prompts.distil import DISTIL, SCHEMA
from curation.prompts.prompt import Unparsed
from schemas.ids import content_id, seed_from
from schemas.records import PairDraft


class Distilling(NamedTuple):
    """How a model puts preferences into words.

    Parameters: `seed` of the run; `guided` asks for JSON held to `SCHEMA`, on backends that can
    (`Guide.json_schema`), else for lines; `max_new_tokens`, `max_prompt_tokens` and `temperature`
    as in `GenerationRequest`.
    """

    seed: int = 0
    guided: bool = False
    max_new_tokens: int = 256
    max_prompt_tokens: int = 4096
    temperature: float = 0.0


_DEFAULT = Distilling()


class Distilled(NamedTuple):
    """A draft after its preference was distilled, or was not."""

    draft: PairDraft
    """With the model's preference, or as it was."""
    problem: str | None
    """None, or why the answer was of no use: `distil:off_grammar`, `distil:truncated`, …"""


def distil_request(draft: PairDraft, settings: Distilling = _DEFAULT) -> GenerationRequest:
    """Ask what the user wants; the same for all drafts of one conversation.

    Input: a draft with `feedback`. Parameters: `settings`.

    >>> from curation.feedback.exchanges import bare_pair
    >>> from schemas.records import Conversation
    >>> chat = Conversation("c", [], "demo", None, None, None, None, {})
    >>> draft = PairDraft(bare_pair(chat, "expert", "", (), (), ()), "", ("Hi", "Too long!"))
    >>> [message.role for message in distil_request(draft).messages]
    ['system', 'user']
    """
    return GenerationRequest(
        DISTIL.about(draft.feedback, settings.guided),
        seed_from(settings.seed, content_id("distil", draft.feedback)),
        settings.max_new_tokens,
        settings.temperature,
        max_prompt_tokens=settings.max_prompt_tokens,
        guide=Guide(json_schema=SCHEMA) if settings.guided else None,
    )


def with_preference(draft: PairDraft, completion: Completion, model: str) -> Distilled:
    """Put the model's preference into a draft, in place of the rules'.

    Input: a draft, the answer to its `distil_request`, the model as `name@revision`. Output: the
    draft with new `hint` (where it had one), `rubric` and provenance; with the rules' ones and
    the problem when the answer is not in form.
    """
    summary = DISTIL.parse(completion)
    if isinstance(summary, Unparsed):
        return Distilled(draft, summary.reason)
    origin = draft.pair.provenance
    origin = origin._replace(
        models=(*origin.models, f"judge={model}"), prompts=(*origin.prompts, DISTIL.identity)
    )
    pair = draft.pair._replace(rubric=summary.rubric, provenance=origin)
    hint = None if draft.hint is None else summary.preference
    return Distilled(draft._replace(pair=pair, hint=hint), None)
