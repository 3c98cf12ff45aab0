"""Both sides by the policy, and the checklist judge who says whether they make a pair."""

import pytest
from planted_conversations import chat, signal

from curation.feedback.distil import with_preference
from curation.feedback.pairs import on_policy_drafts
from curation.models.protocols import Completion, LikelihoodResult
from curation.prompts.distil import DISTIL
from curation.prompts.judge import CHECKLIST_JUDGE, CHECKLIST_VERDICT_JUDGE
from curation.synthesis.checklist import MAX_TOKENS, checklist_requests, checklist_verdict
from curation.synthesis.on_policy import complete_on_policy, policy_requests
from curation.synthesis.reply import ReplySampling
from schemas import Drop, Message, PreferencePair, validate
from schemas.errors import UsageError
from schemas.ids import pair_id

SAMPLING = ReplySampling(seed=3, max_new_tokens=8)
RULED = on_policy_drafts(chat("Explain DNS", "Long.", "Too long, Sir!"), [signal(2)])[0]
DRAFT = with_preference(
    RULED, Completion("Preference: Two sentences.\n- Is it short?", "stop", 9, 9), "j@r"
).draft
FIRST_A = LikelihoodResult([[-0.1], [-3.0]], 0, 9)
FIRST_B = LikelihoodResult([[-2.0], [-0.5]], 0, 9)


def answered(with_hint, without, finish="stop"):
    answers = [
        Completion(with_hint, "stop", 9, 4, cut_messages=1),
        Completion(without, finish, 9, 4),
    ]
    return complete_on_policy(DRAFT, answers, SAMPLING, "m@r")


def words(*verdicts):
    return [[Completion(verdict, "stop", 90, 4)] for verdict in verdicts]


PAIR = answered("Names to numbers.", "The Domain Name System is a long story.")


class TestPolicy:
    def test_it_is_asked_with_the_hint_and_without(self):
        told, plain = policy_requests(DRAFT, SAMPLING)
        assert "Two sentences." in told.messages[0].content
        assert plain.messages == [Message("user", "Explain DNS")]
        assert not any("Sir" in m.content for m in (*told.messages, *plain.messages))
        assert told.seed != plain.seed

    def test_the_answer_with_the_hint_is_chosen_over_the_one_without(self):
        pair = validate(PAIR)
        assert pair.prompt == (Message("user", "Explain DNS"),)
        assert pair.chosen == (Message("assistant", "Names to numbers."),)
        assert pair.rejected[0].content.startswith("The Domain")
        assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
        assert (pair.method, pair.cut_messages) == ("on_policy", 1)

    def test_the_record_says_who_wrote_what_with_which_prompts_and_seed(self):
        origin = PAIR.provenance
        assert origin.models == ("judge=j@r", "policy=m@r")
        assert DISTIL.identity in origin.prompts
        assert origin.seed == policy_requests(DRAFT, SAMPLING)[0].seed
        assert PAIR.rubric == "Preference: Two sentences.\nChecklist:\n- Is it short?"

    @pytest.mark.parametrize(
        ("with_hint", "without", "finish", "reason"),
        [
            (" ", "x", "stop", "empty_reply"),
            ("x", "\n", "stop", "empty_reply"),
            ("x", "y", "length", "truncated_reply"),
            ("x ", " x", "stop", "identical_sides"),
        ],
    )
    def test_answers_that_make_no_pair_are_dropped(self, with_hint, without, finish, reason):
        dropped = answered(with_hint, without, finish)
        assert (dropped.pair_id, dropped.filter) == (DRAFT.pair.id, reason)


class TestChecklistRequests:
    def test_the_judge_holds_the_user_s_checklist_in_both_orders(self):
        one, other = checklist_requests(PAIR)
        for request in (one, other):
            body = request.context[1].content
            assert "checklist of the user\nPreference: Two sentences.\nChecklist:\n" in body
            assert request.max_tokens == MAX_TOKENS
        assert one.context[1].content.index("Names") < one.context[1].content.index("The Domain")
        assert other.context[1].content.index("Names") > other.context[1].content.index(
            "The Domain"
        )

    def test_in_words_the_answer_is_held_to_the_verdicts(self):
        requests = checklist_requests(PAIR, "words", seed=1)
        assert {request.guide.choices for request in requests} == {("[[A]]", "[[B]]", "[[C]]")}
        assert all("Two sentences." in request.messages[1].content for request in requests)

    def test_another_form_is_a_user_s_error(self):
        with pytest.raises(UsageError, match="song"):
            checklist_requests(PAIR, "song")
        with pytest.raises(UsageError, match="song"):
            checklist_verdict(PAIR, [], "song")


class TestChecklistVerdicts:
    @pytest.mark.parametrize(
        ("answers", "form", "template"),
        [
            ([FIRST_A, FIRST_B], "likelihood", CHECKLIST_JUDGE),
            (words("[[A]]", "[[B]]"), "words", CHECKLIST_VERDICT_JUDGE),
        ],
    )
    def test_a_chosen_side_that_wins_in_both_orders_stays(self, answers, form, template):
        kept = checklist_verdict(PAIR, answers, form, "j@r")
        assert isinstance(kept, PreferencePair)
        assert kept.provenance.models[-1] == "judge=j@r"
        assert kept.provenance.prompts[-1] == template.identity
        assert kept._replace(provenance=PAIR.provenance) == PAIR

    @pytest.mark.parametrize(
        ("answers", "form"),
        [
            ([FIRST_A, FIRST_A], "likelihood"),
            ([FIRST_B, FIRST_A], "likelihood"),
            (words("[[A]]", "[[A]]"), "words"),
            (words("[[B]]", "[[A]]"), "words"),
            (words("[[C]]", "[[C]]"), "words"),
        ],
    )
    def test_a_tie_a_loss_and_a_contradiction_are_dropped_with_the_probability(self, answers, form):
        dropped = checklist_verdict(PAIR, answers, form, "j@r")
        assert isinstance(dropped, Drop)
        assert (dropped.pair_id, dropped.filter, dropped.threshold) == (
            PAIR.id,
            "checklist_judge",
            0.5,
        )
        assert 0 <= dropped.value <= 0.5

    @pytest.mark.parametrize("said", ["A", "", "[[A]] [[B]]", "[[A]] is better"])
    def test_an_answer_out_of_form_is_dropped_as_such(self, said):
        dropped = checklist_verdict(PAIR, words("[[A]]", said), "words", "j@r")
        assert dropped == Drop(PAIR.id, "checklist_verdict_judge:off_grammar", None, None)


def test_the_real_model_writes_both_sides_and_judges_them(model):
    sampling = ReplySampling(seed=1, max_new_tokens=12, keep_truncated=True)
    answers = [completions[0] for completions in model.generate(policy_requests(DRAFT, sampling))]
    pair = complete_on_policy(DRAFT, answers, sampling, "m@r")
    assert isinstance(pair, PreferencePair)
    by_likelihood = checklist_verdict(pair, model.score(checklist_requests(pair)), model="m@r")
    in_words = checklist_verdict(
        pair, model.generate(checklist_requests(pair, "words")), "words", "m@r"
    )
    for outcome in (by_likelihood, in_words):
        assert isinstance(outcome, PreferencePair) or outcome.filter == "checklist_judge"
