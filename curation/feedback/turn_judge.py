"""The judge of user turns: a language model applies the rubric to a whole conversation.

`judge_requests` asks, one request for each window of a conversation; `read_verdicts` reads the
answers. Both are pure: who asks the model, and when, is the caller's.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3; Lin et al., SPUR
(arXiv 2403.12388).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from curation.feedback.detector import TurnLabel, judged_turns
from curation.feedback.rubric import RUBRIC, RubricItem
from curation.feedback.turn_judge_json import read_json
from curation.feedback.turn_judge_likelihood import lines, read_likelihoods
from curation.feedback.turn_judge_view import (
    LEAST_PART,
    TEMPLATE_TOKENS,
    Window,
    most_messages,
    view,
    windows,
)
from curation.models.protocols import GenerationRequest, Guide, LikelihoodRequest
from curation.prompts.prompt import Unparsed
from curation.prompts.turn_judge import BY_LIKELIHOOD, TurnJudgeTemplate
from curation.prompts.turn_judge_json import BY_JSON
from schemas import Conversation
from schemas.errors import UsageError
from schemas.ids import content_id, seed_from
from schemas.records import Message

JSON, LIKELIHOOD = "json", "likelihood"
"""Forms of the judge: it writes verdicts in JSON, or verdicts are compared by likelihood."""
METHOD = "judge"
"""`TurnLabel.method` of the judge's labels."""

_TEMPLATES: Mapping[str, TurnJudgeTemplate] = {JSON: BY_JSON, LIKELIHOOD: BY_LIKELIHOOD}
_TOKENS_FRAME, _TOKENS_PER_TURN = 32, 160


@dataclass(frozen=True)
class TurnJudging:
    """How the judge is asked.

    Raises: UsageError for a form that does not exist, base rates that are no probabilities, and a
    prompt bound that has no room for the rubric and one turn.

    >>> TurnJudging("likelihood").identity.partition("@")[0]
    'turn_judge_likelihood-v1'
    """

    form: str = LIKELIHOOD
    """`json` for a backend that holds an answer to a JSON schema, `likelihood` for one that tells
    likelihoods."""
    rubric: Mapping[str, RubricItem] = field(default_factory=lambda: RUBRIC)
    """The kinds of feedback."""
    turns_per_window: int = 8
    """Most user turns judged in one view; fewer where the prompt bound has no room for them."""
    overlap: int = 1
    """Exchanges shown before those that a window judges."""
    longest_turn: int = 900
    """Most characters shown of a user turn."""
    longest_reply: int = 500
    """Most characters shown of any other message."""
    max_prompt_tokens: int = 8000
    """Bound on the prompt, kept for every tokenizer and every text."""
    base_rates: tuple[float, float] = (0.05, 0.1)
    """Form `likelihood`: how often a user turn shows satisfaction and dissatisfaction."""
    seed: int = 0
    """Seed of the run."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        if self.form not in (JSON, LIKELIHOOD):
            raise UsageError(f"judge form {self.form!r}: expected {JSON} or {LIKELIHOOD}")
        if not all(0 < rate < 1 for rate in self.base_rates):
            raise UsageError(f"judge base rates {self.base_rates}: expected two between 0 and 1")
        if min(self.turns_per_window, self.overlap + 1, self.longest_turn, self.longest_reply) < 1:
            raise UsageError("judge: windows, overlaps and lengths are positive numbers")
        if self.room(1) < LEAST_PART * most_messages(1, self.overlap):
            raise UsageError(
                f"the judge's rubric leaves too little of {self.max_prompt_tokens} prompt tokens "
                "for a conversation: shorten the rubric or raise the bound"
            )

    @property
    def identity(self) -> str:
        """Name, version and content hash of prompt and rubric, for `Provenance.prompts`."""
        return _TEMPLATES[self.form].identity_with(self.rubric)

    @cached_property
    def window_turns(self) -> int:
        """Most turns of a window that the prompt bound has room for."""
        fitting = self.turns_per_window
        while fitting > 1 and self.room(fitting) < LEAST_PART * most_messages(
            fitting, self.overlap
        ):
            fitting -= 1
        return fitting

    def room(self, turns: int) -> int:
        """UTF-8 bytes left for the conversation in a prompt that judges so many turns."""
        numbers = [10**6] * (turns + 1)
        fixed = self._bytes_around(numbers)
        if self.form == LIKELIHOOD:
            fixed += max(len(line.encode()) for line in lines(numbers[:1], self.rubric))
        return self.max_prompt_tokens - TEMPLATE_TOKENS - fixed

    @cached_property
    def instruction_bytes(self) -> int:
        """UTF-8 bytes of a prompt without a conversation: the instructions and the rubric."""
        return self._bytes_around([2])

    def _bytes_around(self, turns: Sequence[int]) -> int:
        empty = _TEMPLATES[self.form].about(self.rubric, "", "#" * 18, turns)
        return sum(len(message.content.encode()) for message in empty)


def judge_requests(
    conversation: Conversation, turns: Sequence[int] | None, settings: TurnJudging
) -> list[LikelihoodRequest] | list[GenerationRequest]:
    """Ask about the user turns of a conversation, one request for each window.

    Parameters: turns: those to judge, some of `judged_turns`; None for all. Output: requests for
    likelihoods or for completions, by `settings.form`; none where there is nothing to judge.

    >>> talk = [Message("user", "Hi"), Message("assistant", "Ho"), Message("user", "That's wrong.")]
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> [len(r.continuations) for r in judge_requests(chat, None, TurnJudging())]
    [52]
    """
    likelihoods, generations = [], []
    for window in _windows(conversation, turns, settings):
        messages = _prompt(conversation, window, settings)
        if settings.form == LIKELIHOOD:
            said = lines((_blank(window), *window.turns), settings.rubric)
            continuations = [Message("assistant", line) for line in said]
            likelihoods.append(
                LikelihoodRequest(messages, continuations, settings.max_prompt_tokens)
            )
        else:
            generations.append(
                GenerationRequest(
                    messages,
                    seed_from(settings.seed, content_id("turn_judge", messages)),
                    _TOKENS_FRAME + _TOKENS_PER_TURN * len(window.turns),
                    temperature=0.0,
                    max_prompt_tokens=settings.max_prompt_tokens,
                    guide=Guide(json_schema=BY_JSON.schema(window.turns, settings.rubric)),
                )
            )
    return likelihoods or generations


def read_verdicts(
    conversation: Conversation,
    turns: Sequence[int] | None,
    answers: Sequence[Any],
    settings: TurnJudging,
) -> list[TurnLabel]:
    """Read the answers to `judge_requests` of the same turns.

    Input: for each request, in order, a `LikelihoodResult`, or the list of its one `Completion`.
    Output: one label for each turn, in order. Where an answer is not in form, the labels of its
    window have no probabilities, and the prompt and what is wrong as their problem, such as
    `turn_judge_json:off_grammar`.

    Raises: ModelError for likelihoods that are none.
    """
    labels: list[TurnLabel] = []
    asked = _windows(conversation, turns, settings)
    for window, answer in zip(asked, answers, strict=True):
        if settings.form == LIKELIHOOD:
            labels += read_likelihoods(
                answer, window.turns, settings.rubric, settings.base_rates, METHOD
            )
            continue
        read = read_json(answer[0], window.turns, settings.rubric, METHOD)
        if isinstance(read, Unparsed):
            read = [_unparsable(turn, read) for turn in window.turns]
        labels += read
    return labels


def judge_turns(
    conversations: Sequence[Conversation], model: Any, settings: TurnJudging
) -> list[list[TurnLabel]]:
    """Judge all turns of some conversations with a model that is at hand.

    Parameters: model: a `LikelihoodScorer` or `Generator`, as `settings.form` needs. Output: as
    `FeedbackDetector.label`.
    """
    asked = [judge_requests(conversation, None, settings) for conversation in conversations]
    requests = [request for group in asked for request in group]
    ask = model.score if settings.form == LIKELIHOOD else model.generate
    answers = iter(ask(requests) if requests else ())
    return [
        read_verdicts(conversation, None, [next(answers) for _ in group], settings)
        for conversation, group in zip(conversations, asked, strict=True)
    ]


def _windows(
    conversation: Conversation, turns: Sequence[int] | None, settings: TurnJudging
) -> list[Window]:
    chosen = judged_turns(conversation) if turns is None else sorted(turns)
    return windows(chosen, settings.window_turns, settings.overlap)


def _prompt(conversation: Conversation, window: Window, settings: TurnJudging) -> list[Message]:
    asked = window.turns
    if settings.form == LIKELIHOOD:
        asked = (*asked, _blank(window))
    seen = view(
        conversation.messages,
        window,
        longest=settings.longest_turn,
        longest_reply=settings.longest_reply,
        room=settings.room(len(window.turns)),
        blank=_blank(window) if settings.form == LIKELIHOOD else None,
    )
    return _TEMPLATES[settings.form].about(settings.rubric, seen.parts, seen.mark, asked)


def _blank(window: Window) -> int:
    """Number of the turn without content by which likelihoods are calibrated."""
    return window.turns[-1] + 2


def is_unparsable(label: TurnLabel) -> bool:
    """Whether a label has no probabilities because the judge's answer was not in form.

    >>> is_unparsable(TurnLabel(2, None, None, method="judge", problem="prompt_too_long"))
    False
    """
    return label.problem is not None and label.problem.startswith(f"{BY_JSON.name}:")


def _unparsable(turn: int, failure: Unparsed) -> TurnLabel:
    return TurnLabel(turn, None, None, method=METHOD, problem=failure.reason)
