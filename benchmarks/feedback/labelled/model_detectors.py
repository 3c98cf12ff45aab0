"""The judge and the cascade as detectors in one process, for the tables."""

from collections.abc import Sequence
from typing import Any

from rich.progress import track

from curation.feedback.cascade import histogram, merge, needs_judge, threshold_for
from curation.feedback.detector import FeedbackDetector, TurnLabel, judged_turns
from curation.feedback.turn_judge import TurnJudging, judge_requests, read_verdicts
from curation.models.loading import load_model
from curation.models.naming import parse_model_name
from curation.models.protocols import Completion, LikelihoodResult
from schemas import Conversation


class Judge:
    """A language model behind the rubric, asked about all turns or some.

    Parameters: name: of the model, as `curation.models.naming.parse_model_name` takes it.
    """

    name = "judge"

    def __init__(self, name: str) -> None:
        """Load the model."""
        backend = parse_model_name(name).backend
        form = "json" if backend in ("vllm", "openai") else "likelihood"
        self.settings = TurnJudging(form)
        self._model = load_model(name)

    def label(self, conversations: Sequence[Conversation]) -> list[list[TurnLabel]]:
        """Label every turn."""
        return [
            self.verdicts(chat, judged_turns(chat))
            for chat in track(conversations, "judging", transient=True)
        ]

    def verdicts(self, conversation: Conversation, turns: Sequence[int]) -> list[TurnLabel]:
        """Label some turns of a conversation."""
        requests: list[Any] = list(judge_requests(conversation, turns, self.settings))
        if not requests:
            return []
        asked = self._model.generate if self.settings.form == "json" else self._model.score
        answers: list[list[Completion]] | list[LikelihoodResult] = asked(requests)
        return read_verdicts(conversation, turns, answers, self.settings)


class Cascade:
    """The classifier, and the judge for the least clear turns.

    Parameters: clear: the detector that labels first; share: of the turns, for the judge.
    """

    def __init__(self, clear: FeedbackDetector, judge: Judge, share: float) -> None:
        """Keep both."""
        self._clear = clear
        self._judge = judge
        self._share = share
        self.name = f"cascade, judge {share:.0%}"
        self.asked = self.changed = 0

    def label(self, conversations: Sequence[Conversation]) -> list[list[TurnLabel]]:
        """Label all conversations; the budget is a share of their turns together."""
        before = self._clear.label(conversations)
        bins = histogram((label, 1.0) for labels in before for label in labels)
        threshold = threshold_for(bins, self._share * sum(bins))
        found = []
        both = list(zip(conversations, before, strict=True))
        for chat, labels in track(both, "cascade", transient=True):
            turns = [label.turn for label in labels if needs_judge(label, threshold)]
            merged = merge(labels, self._judge.verdicts(chat, turns) if turns else [])
            self.asked += merged.asked
            self.changed += merged.changed
            found.append(merged.labels)
        return found
