"""What a record is: one `NamedTuple` for each thing that travels through the pipeline.

These classes are the only place where a field is declared. The Arrow, Parquet and JSON
schemas (`schemas.arrow`, `schemas.jsonschema`), the checks (`schemas.validate`) and the
coders on the wire (`schemas.coders`) are derived from them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.parts import (
    CandidateScores,
    NamedScore,
    Rationale,
    RubricLevel,
    ScoredResponse,
)

SCHEMA_VERSION = 5
"""Version of all records together; written into every file's metadata. Version 2 added
`last_hidden_inner_product`, `edit_similarity` and `cut_messages` to `PreferencePair`; version 3
`safety` there, and `state` and `relation` to `FeedbackSignal`; version 4 `rationales`,
`rubric_levels` and `rubric_margin` to the pair, and `documents`, `derived_from` and `scores` to its
`Provenance`; version 5 what `curation.selection` decides by: lengths, `flags`, `language`,
`cluster`, `margins`, `labels`, the columns of uncertainty and `target`. Files of earlier versions
are read, with nothing for what they lack."""

ROLES = ("system", "user", "assistant", "tool")
"""Roles that a `Message` may have, in the usage of chat templates."""

POLARITIES = ("satisfaction", "dissatisfaction")
"""Polarities that a `FeedbackSignal` may have (WildFeedback's SAT and DSAT)."""

STATES = ("feedback", "refinement", "new_topic", "continuation")
"""Dialogue states of a user turn (WildFeedback, section 3, after S3-DST): it judges the reply; it
adds to or changes the request; it asks for something else; it goes on from the reply."""

RELATIONS = ("related", "unrelated")
"""Whether a user turn is about the same topic as the turn before it."""

PLACES = ("first", "second")
"""Where a reply may have been shown to a model: as A, as B."""

SPLITS = ("train", "test")
"""Splits of a dataset; a group of related conversations is on one side of them."""


class Message(NamedTuple):
    """One turn of a conversation.

    >>> Message("user", "Hello").role
    'user'
    """

    role: str
    """One of `ROLES`."""
    content: str
    """The text, Unicode without NUL bytes and lone surrogates."""


class Conversation(NamedTuple):
    """One conversation, or one root-to-leaf path of a conversation tree.

    `id` is the content hash of the messages (`schemas.ids.conversation_id`), so the same
    conversation has the same id wherever it was found.
    """

    id: str
    """32 hexadecimal digits."""
    messages: Sequence[Message]
    """At least one, in order of time."""
    source: str
    """Name of the source: the recipe's, else the input's format ("oasst", "sharegpt")."""
    user: str | None
    """Salted hash of the user; never a raw name or address."""
    model: str | None
    """Model that wrote the replies, as the source names it."""
    language: str | None
    """Language as the source states it."""
    timestamp: float | None
    """Seconds since 1970-01-01 UTC."""
    metadata: Mapping[str, str]
    """Where it came from (`file`, `position`, `format`), what it belongs to (`group`), more."""


class Document(NamedTuple):
    """One piece of user-generated content: a post, a comment, an answer."""

    id: str
    """32 hexadecimal digits, hash of the text."""
    text: str
    """The body, plain text."""
    title: str | None
    """The title, where it has one."""
    community: str | None
    """Forum, subreddit or site."""
    votes: int | None
    """Score given by the community."""
    parent_id: str | None
    """The document that this one answers, in the source's own naming."""
    source: str
    """Name of the source."""
    timestamp: float | None
    """Seconds since 1970-01-01 UTC."""
    metadata: Mapping[str, str]
    """Whatever else the source says, as text."""


class FeedbackSignal(NamedTuple):
    """A user turn that judges the assistant reply BEFORE it (WildFeedback, section 3)."""

    conversation_id: str
    """`Conversation.id`."""
    turn: int
    """Index of the USER message in `Conversation.messages` that carries the feedback."""
    polarity: str
    """One of `POLARITIES`."""
    category: str
    """Rubric item, for example `gratitude` or `revision`."""
    reason: str
    """What was seen, in words: the phrase or the justification."""
    score: float
    """Confidence between 0 and 1."""
    method: str
    """Detector that said so, for example `cues`."""
    state: str | None = None
    """Dialogue state of the turn, one of `STATES`."""
    relation: str | None = None
    """Relation to the turn before, one of `RELATIONS`."""


class Candidate(NamedTuple):
    """One response to one prompt, with every score by name."""

    prompt: Sequence[Message]
    """History that ends with a user turn."""
    response: str
    """The reply."""
    model: str | None
    """Model that wrote it."""
    policy: str | None
    """How it was asked, for example `hinted`."""
    scores: Mapping[str, float]
    """Scores by name."""


class Provenance(NamedTuple):
    """Where a pair comes from: enough to find the input bytes and to repeat the model calls."""

    input: str
    """File that the record was read from, as the run named it."""
    position: int
    """Byte offset of the row in the uncompressed file; row number in Parquet."""
    group: str
    """What must not be torn apart by a split: the conversation, its tree or its parts."""
    turn: int | None
    """Index of the user message whose feedback made the pair, where one did."""
    models: Sequence[str]
    """`role=model@revision` of each model that wrote or scored; of candidates `chosen=…` and
    `rejected=…`, as the source names them."""
    prompts: Sequence[str]
    """`name@hash` of each prompt template used."""
    seed: int | None
    """Sampling seed of the generated side, where one side was generated."""
    code_version: str
    """Version of prefstream that made the pair."""
    documents: Sequence[str] = ()
    """Ids of the documents that the pair was made from: the reference text of `ugc`; the
    question, the chosen and the rejected answer of `votes`."""
    derived_from: str | None = None
    """Id of the pair that this one was derived from, where it was."""
    scores: Sequence[CandidateScores] = ()
    """Scores of all candidates, where the pair is the best and the worst of several."""


class CandidateSet(NamedTuple):
    """Several scored responses to one prompt: what pairs are constructed from.

    As a published ranking, the responses stand in order, the best first.
    """

    id: str
    """32 hexadecimal digits, hash of prompt and texts."""
    prompt: Sequence[Message]
    """History that ends with a user turn."""
    responses: Sequence[ScoredResponse]
    """At least two."""
    source: str
    """Name of the source: the recipe's, else the input's format."""
    provenance: Provenance
    """Where it comes from."""
    split: str = ""
    """One of `SPLITS`, empty until the split is decided."""


class PreferencePair(NamedTuple):
    """Two replies to one prompt, the first preferred to the second.

    `prompt`, `chosen` and `rejected` are lists of messages: TRL's conversational,
    explicit-prompt preference format. `id` is the content hash of the three.
    """

    id: str
    """32 hexadecimal digits."""
    prompt: Sequence[Message]
    """History that ends with a user turn."""
    chosen: Sequence[Message]
    """The preferred completion: one assistant message."""
    rejected: Sequence[Message]
    """The other completion: one assistant message."""
    margin: float | None
    """`chosen_score - rejected_score`. Where no follow-up likelihood was measured: of `edits` the
    normalised edit distance, 0 to 1; of `attributes` the difference of the levels, 1 to 4; of
    `judgment` the share of right verdicts; of `candidates` the difference of what was compared."""
    chosen_score: float | None
    """Score of the chosen side: follow-up likelihood (FLR) in nats per token where it was measured;
    else of `ugc` the judge's level, 1 to 5, of `votes` the community's score, of `candidates` the
    score that came with the response."""
    rejected_score: float | None
    """The same of the rejected side."""
    ches: float | None
    """CHES of the pair; higher means more risk of likelihood displacement."""
    ln_ches: float | None
    """Length-normalised CHES."""
    uncertainty: float | None
    """The column of uncertainty that the recipe names in `score.uncertainty.of`."""
    method: str
    """How the pair was made: `expert`, `on_policy`, `revisions`, `hindsight`,
    `followup_likelihood`, `edits`, `ranked_siblings`, `existing`; of several scored responses
    `candidates`; from documents `ugc`, `votes`; made for a purpose `rubric`, `attributes`,
    `reasoning`; derived from another pair `judgment`, `context_reversal`, `instructions`,
    `instruction_choice`."""
    source: str
    """`Conversation.source`, or the pair file's format."""
    conversation_id: str
    """`Conversation.id`; for pairs that were pairs already or come from documents, the id of their
    prompt."""
    rationale: str | None
    """Why chosen beats rejected, in words: what was found when the pair was mined, else the first
    of `rationales`."""
    rubric: str | None
    """The preference, checklist, rubric or attribute that the pair was made by."""
    provenance: Provenance
    """Where it comes from."""
    split: str
    """One of `SPLITS`, empty until the split is decided; in the dataset the file name says it."""
    last_hidden_inner_product: float | None = None
    """Inner product of the final hidden states at the two sides' last tokens."""
    edit_similarity: float | None = None
    """Minus the normalised edit distance of the two sides' tokens: 0 (equal) to -1."""
    cut_messages: int | None = None
    """Oldest messages of the prompt that a model did not see, because they did not fit; the most
    of all models that worked on the pair."""
    safety: str | None = None
    """Verdict of the safety check on the preference that the pair was made by, and whose it is:
    `safe: rules`, `safe: judge`. Drafts with another verdict are dropped, as
    `unsafe_preference`; None for pairs that no preference was given for."""
    rationales: Sequence[Rationale] = ()
    """Reasons that a model wrote, and from which a judge picked the chosen reply."""
    rubric_levels: Sequence[RubricLevel] = ()
    """Levels of both replies by rubric, criterion by criterion."""
    rubric_margin: float | None = None
    """Weighted mean level of the chosen reply minus that of the rejected one, -4 to 4, over
    `rubric_levels`; the mean of the rubrics where there are several."""
    chosen_chars: int | None = None
    """Characters of the chosen reply without the blanks around it."""
    rejected_chars: int | None = None
    """The same of the rejected reply."""
    prompt_tokens: int | None = None
    """Tokens of the prompt in the chat template of the recipe's tokenizer."""
    chosen_tokens: int | None = None
    """Tokens of the chosen reply after it, the template's end of a turn included."""
    rejected_tokens: int | None = None
    """The same of the rejected reply."""
    shared_tokens: int | None = None
    """Tokens that both replies begin with."""
    shared_end_tokens: int | None = None
    """Tokens that prompt and chosen reply, and prompt and rejected reply, both end with."""
    flags: Sequence[str] = ()
    """What was seen in the texts, of `curation.selection.flags.FLAGS`, in order."""
    language: str | None = None
    """Language of the prompt, ISO 639-1; None where it is too short to tell."""
    cluster: int | None = None
    """Cluster of prompts that the prompt is nearest to, where clusters were asked for."""
    margins: Sequence[NamedScore] = ()
    """Margin (chosen minus rejected) by each scorer of an ensemble, in each one's own unit."""
    labels: Sequence[NamedScore] = ()
    """What each judge or annotator said: 1 that the chosen reply is better, 0 that the rejected one
    is, 0.5 for a tie."""
    ensemble_mean: float | None = None
    """Mean of `margins` (Secrets of RLHF II: the preference's strength)."""
    ensemble_std: float | None = None
    """Standard deviation of `margins`."""
    ensemble_agreement: float | None = None
    """Share of `margins` above 0, each of 0 half; 1 when all scorers prefer the chosen reply."""
    bald: float | None = None
    """What a judge does not know of the pair: mutual information of its verdict and its dropout
    mask, 0 to log 2 nats (UPO)."""
    dropout_probability: float | None = None
    """Mean probability, over dropout masks, that the chosen reply is better."""
    judge_consistency: float | None = None
    """Share of a judge's verdicts, over both orders and repetitions, that are its commonest."""
    predictive_entropy: float | None = None
    """Nats of surprise per token in what the policy says to the prompt by itself."""
    implicit_margin: float | None = None
    """Implicit reward of the chosen reply minus that of the rejected one, policy against reference
    model, nats times beta, summed over the tokens."""
    label_posterior: float | None = None
    """Probability that the label is right, by how reliable its annotators are (LCPO)."""
    jury_share: float | None = None
    """Mean of `labels`: share of the jury for the chosen reply."""
    target: float | None = None
    """Soft target: the probability with which the chosen reply is to be preferred (MMPO)."""


class PairDraft(NamedTuple):
    """A pair whose sides may still have to be written.

    With both sides present the pair is complete. Else `pair.id` is the draft's own content hash,
    and `pair.method` says who writes what is missing. A model that answers with `hint` finds it
    in its system prompt; the hint is not stored in the pair's prompt.
    """

    pair: PreferencePair
    """The pair, finished or not."""
    hint: str | None
    """The user's preference, first as the rules put it together, then as a model distilled it."""
    feedback: Sequence[str] = ()
    """What the preference is distilled from: the conversation's first request, then the user's
    complaints, in order. Equal for all drafts of one conversation."""


class Reject(NamedTuple):
    """An input that could not be used, and why."""

    stage: str
    """Stage that refused it: `ingest`, `clean`, `deduplicate`, `synthesize`, `score`."""
    reason: str
    """Short name, countable: `not_json`, `empty_conversation`, …"""
    detail: str
    """The same for a reader, with what was expected."""
    record: str
    """Beginning of the raw record, at most 2,000 characters."""
    source: str
    """File that it came from."""
    position: int
    """Byte offset of the row in the uncompressed file; row number in Parquet."""


class Drop(NamedTuple):
    """A pair that a filter took out, and the value that did it."""

    pair_id: str
    """`PreferencePair.id`, or the draft's."""
    filter: str
    """Name of the filter, for example `margin` or `ln_ches`."""
    value: float | None
    """What the pair had."""
    threshold: float | None
    """What the recipe asked for."""


RECORDS: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        Message,
        Conversation,
        Document,
        FeedbackSignal,
        Candidate,
        CandidateScores,
        NamedScore,
        ScoredResponse,
        CandidateSet,
        Rationale,
        RubricLevel,
        Provenance,
        PreferencePair,
        PairDraft,
        Reject,
        Drop,
    )
}
"""All records by name, as `curate schema` lists them."""

DATASET_COLUMNS = tuple(name for name in PreferencePair._fields if name != "split")
"""Columns of the published dataset, in order."""
