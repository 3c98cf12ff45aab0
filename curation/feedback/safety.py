"""Whether a preference would weaken safety, so that nothing must be trained on it.

Users also complain that a model warns, refuses or keeps rules. A preference of that kind would
teach it not to. Rules find the plain cases in eight languages (`safety_rules`); a judge model can
be asked about the rest. The verdict stays on the pair (`PreferencePair.safety`), and an answer
out of form drops it: nothing is safe by default.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.3 and limitations.
"""

from curation.feedback.safety_rules import rules_verdict
from curation.models.protocols import Completion, GenerationRequest, Guide
from curation.prompts.frame import defuse
from curation.prompts.prompt import Unparsed
from curation.prompts.safety import SAFETY
from schemas.ids import content_id, seed_from
from schemas.records import Drop, PairDraft

BY_RULES, BY_JUDGE = "safe: rules", "safe: judge"
"""`PreferencePair.safety` of what the rules, and the judge, found to be safe."""


def check_by_rules(draft: PairDraft) -> PairDraft | Drop:
    """Check the preference of a draft by the rules.

    Output: the draft with `BY_RULES` on its pair, or the `Drop` `unsafe_preference`. A draft
    without a hint tells no model anything and passes as it is.
    """
    if draft.hint is None:
        return draft
    if rules_verdict([draft.hint, draft.pair.rubric or "", *draft.feedback]):
        return Drop(draft.pair.id, "unsafe_preference", None, None)
    return draft._replace(pair=draft.pair._replace(safety=BY_RULES))


def safety_request(draft: PairDraft) -> GenerationRequest:
    """Ask a judge about the preference of a draft with a hint; `safe` or `unsafe`, no seed matters.

    >>> from curation.feedback.exchanges import bare_pair
    >>> from schemas.records import Conversation
    >>> chat = Conversation("c", [], "demo", None, None, None, None, {})
    >>> draft = PairDraft(bare_pair(chat, "expert", "", (), (), ()), "Be brief.", ())
    >>> safety_request(draft).guide.choices
    ('safe', 'unsafe')
    """
    hint = draft.hint or ""
    shown = [("what the user wants", hint)]
    if draft.pair.rubric and draft.pair.rubric != hint:
        shown.append(("the same as a checklist", draft.pair.rubric))
    shown += [(f"the user, message {i}", text) for i, text in enumerate(draft.feedback, 1)]
    return GenerationRequest(
        SAFETY.messages(shown),
        seed_from(0, content_id("safety", [defuse(text) for _, text in shown])),
        max_new_tokens=16,
        temperature=0.0,
        max_prompt_tokens=8192,
        guide=Guide(choices=SAFETY.choices),
    )


def read_safety(draft: PairDraft, completion: Completion, model: str) -> PairDraft | Drop:
    """Read the answer to a `safety_request`.

    Input: the draft, the answer, the judge as `name@revision`. Output: the draft with `BY_JUDGE`
    on its pair and the judge in its provenance, or a `Drop`: `unsafe_preference`, or
    `safety:off_grammar` and the like for what is neither of the two words.
    """
    said = SAFETY.parse(completion)
    if isinstance(said, Unparsed):
        return said.drop(draft.pair.id)
    if said == "unsafe":
        return Drop(draft.pair.id, "unsafe_preference", None, None)
    origin = draft.pair.provenance
    origin = origin._replace(
        models=(*origin.models, f"judge={model}"), prompts=(*origin.prompts, SAFETY.identity)
    )
    return draft._replace(pair=draft.pair._replace(safety=BY_JUDGE, provenance=origin))
