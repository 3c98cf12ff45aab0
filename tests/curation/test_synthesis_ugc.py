"""Pairs from user content, step by step: question, relevance, responses, scores, pair."""

import pytest

from curation.models.protocols import Completion, JointResult, LikelihoodResult
from curation.prompts.ugc_grade import RUBRIC
from curation.scoring.pairs import PairScoring
from curation.scoring.text_similarity import text_similarities
from curation.selection.pairing import PairingSettings
from curation.synthesis.reply import ReplySampling
from curation.synthesis.ugc import (
    UgcSettings,
    best_over_worst,
    checked,
    clipped,
    from_document,
    gap_left,
    responses_request,
    with_responses,
)
from curation.synthesis.ugc_question import (
    question_request,
    relevance_requests,
    with_question,
    with_relevance,
)
from curation.synthesis.ugc_scores import (
    follow_ups_request,
    grade_requests,
    similarity_request,
    with_follow_ups,
    with_grades,
    with_similarity,
)
from curation.synthesis.ugc_wording import leaks, names_the_text
from schemas import Drop, Message, validate
from schemas.errors import ModelError, UsageError
from schemas.records import CandidateScores, Document

TEXT = (
    "Store beer in a dark and cool place. Light gives hops the smell of a skunk within a day, and "
    "heat makes every beer taste of wet cardboard. Bottles with a crown cap should stand upright."
)
POST = Document(
    "doc", TEXT, "Beer at home", "beer", 7, "12", "demo", None,
    {"kind": "answer", "thread": "12", "file": "Posts.xml", "position": "3"},
)  # fmt: skip
QUESTION = "What is the best way to keep beer at home?"
SETTINGS = UgcSettings(least=2, sampling=ReplySampling(seed=3, max_new_tokens=8))


def said(*texts, finish="stop"):
    return [Completion(text, finish, 9, 3) for text in texts]


def asked():
    done, notes = with_question(from_document(POST), said(QUESTION), SETTINGS, "j@r")
    assert notes == ()
    return done


def responded(*texts):
    return with_responses(asked(), said(*texts), SETTINGS, "p@r")[0]


def scored(*values, name="judge"):
    texts = [f"Response {n}." for n in range(len(values))]
    return responded(*texts)._replace(scores=(CandidateScores(name, values),))


class TestDocument:
    def test_a_document_becomes_a_record_of_its_thread(self):
        record = from_document(POST)
        assert record.pair.provenance.documents == ("doc",)
        assert record.pair.provenance.group == "12"
        assert (record.text, record.title, record.pair.method) == (TEXT, "Beer at home", "ugc")

    @pytest.mark.parametrize(
        ("text", "kind"), [(TEXT, "question"), ("", "answer"), (" \n ", "comment")]
    )
    def test_what_tells_nothing_is_left_out(self, text, kind):
        dropped = from_document(POST._replace(text=text, metadata={"kind": kind}))
        assert dropped == Drop(from_document(POST).pair.id, "not_content", None, None)

    def test_a_recipe_can_take_every_kind(self):
        post = POST._replace(metadata={"kind": "question"})
        assert from_document(post, UgcSettings(leave_out=())).text == TEXT

    @pytest.mark.parametrize(
        ("text", "most", "expected"),
        [
            ("One. Two.", 100, "One. Two."),
            ("One is it. Two is it. Three", 23, "One is it. Two is it."),
            ("One is it. Two is it.", 21, "One is it. Two is it."),
            ("Version 1.5 of a thing", 12, "Version 1.5"),
            ("啤酒很好。葡萄酒也好。水", 11, "啤酒很好。葡萄酒也好。"),
            ("x" * 30, 10, "x" * 10),
        ],
    )
    def test_a_long_text_is_clipped_at_a_sentence(self, text, most, expected):
        assert clipped(text, most) == expected

    @pytest.mark.parametrize(
        "wrong",
        [
            {"signals": ()},
            {"signals": ("judge", "judge")},
            {"signals": ("luck",)},
            {"judge_form": "telepathy"},
            {"samples": 1},
            {"least": 1},
            {"least": 6},
            {"repeats": 0},
            {"questions": 0},
            {"max_shared_words": -1},
            {"signals": ("follow_up_likelihood",), "scoring": PairScoring(dimensions=())},
        ],
    )
    def test_settings_that_give_no_pair_are_refused(self, wrong):
        with pytest.raises(UsageError):
            checked(UgcSettings(**wrong))


class TestQuestion:
    def test_several_are_asked_for_at_once_and_the_title_is_shown(self):
        request = question_request(from_document(POST), SETTINGS)
        assert request.n == 4
        shown = request.messages[1].content
        assert TEXT in shown
        assert "Beer at home" in shown
        other = question_request(from_document(POST._replace(id="other")), SETTINGS)
        assert other.seed != request.seed

    def test_the_first_good_one_is_taken_and_the_others_are_noted(self):
        answers = said("I do not know.", "What does the author say of beer?", QUESTION, "Why beer?")
        done, notes = with_question(from_document(POST), answers, SETTINGS, "j@r")
        assert done.question == QUESTION
        assert notes == ("ugc_question:off_grammar", "names_the_text", "ugc_question:off_grammar")
        assert done.pair.provenance.models == ("judge=j@r",)

    @pytest.mark.parametrize(
        ("question", "reason"),
        [
            ("Beer is good.", "ugc_question:off_grammar"),
            ("Why does the author keep beer?", "names_the_text"),
            ("Do you store beer in a dark and cool place?", "leaks_the_text"),
            ("Why does bread go stale sooner when it is kept in the fridge?", "ugc_question:echo"),
        ],
    )
    def test_without_a_good_one_the_reason_is_that_of_most(self, question, reason):
        answers = said(question, question, "   ", question)
        dropped, notes = with_question(from_document(POST), answers, SETTINGS)
        assert dropped.filter == reason
        assert notes == (reason, reason, "ugc_question:empty", reason)

    def test_the_title_may_be_copied(self):
        title = "What are all the good ways to keep beer at home?"
        record = from_document(POST._replace(title=title))
        assert with_question(record, said(title), SETTINGS)[0].question == title

    def test_a_piece_of_what_no_model_has_seen_is_a_leak_as_well(self):
        end = "And never ever put a bottle of stout into the freezer."
        settings = SETTINGS._replace(max_reference_chars=100)
        record = from_document(POST._replace(text=f"{TEXT} {end}"), settings)
        assert end not in record.reference
        question = "Why would one never ever put a bottle of stout anywhere?"
        assert with_question(record, said(question), settings)[0].filter == "leaks_the_text"


class TestWording:
    @pytest.mark.parametrize(
        "question",
        [
            "Is it true that LIGHT gives “hops” the smell of things?",
            "Light gives hops, the - smell - of?",
            "heat makes every be\u00ader taste of wet what?",
            "Light\u00a0gives hops the smell of what?",
        ],
    )
    def test_a_copy_in_another_dress_is_a_leak(self, question):
        assert leaks(question, TEXT, 5)

    def test_five_words_in_a_row_are_none(self):
        assert not leaks("Do hops the smell of a?", TEXT, 5)
        assert leaks("Do hops the smell of a?", TEXT, 4)

    def test_characters_count_as_words_where_there_are_no_blanks(self):
        assert leaks("为什么光线会让啤酒产生异味呢？", "请避光保存，光线会让啤酒变质。", 5)
        assert not leaks("怎样保存啤酒？", "请避光保存，光线会让啤酒变质。", 5)

    def test_symbols_between_blanks_count_as_another_reader_would_count_them(self):
        table = "a | b | c | d"
        assert leaks("What is a | b | c | d here?", table, 5)

    def test_apostrophes_part_words_as_another_reader_would_part_them(self):
        assert leaks("Why don't we won't you?", "We say don't we won't you.", 5)

    @pytest.mark.parametrize(
        "question",
        [
            "What does the author mean?",
            "According to the passage, what is beer?",
            "What is described in the above article?",
            "What can be learned from this post about beer?",
            "Was meint der Verfasser dieses Textes?",
            "Worum geht es in diesem Beitrag?",
            "Que pense l’auteur de la bière ?",
            "De quoi parle cet article ?",
            "¿Qué opina el autor de la cerveza?",
            "¿De qué trata este texto?",
            "这篇文章的主要观点是什么？",
            "作者认为啤酒怎么样？",
            "Qual é a opinião do autor?",
            "О чём этот текст?",
            "この記事は何についてですか？",
        ],
    )
    def test_a_question_about_the_text_is_found(self, question):
        assert names_the_text(question)

    @pytest.mark.parametrize(
        "question",
        [
            QUESTION,
            "How do I answer my boss?",
            "Why do posts in a fence rot?",
            "Wie lange hält sich Bier im Keller?",
            "Quelle bière est la meilleure ?",
            "¿Cuál es la mejor cerveza?",
            "啤酒应该在什么温度下饮用？",
            "18岁以上可以喝酒吗？",
        ],
    )
    def test_a_question_about_the_world_is_none(self, question):
        assert not names_the_text(question)


class TestRelevance:
    def test_a_judge_that_says_yes_to_everything_drops_the_record_at_exactly_one_half(self):
        same = LikelihoodResult([[-0.01], [-5.0]], 0, 9)
        dropped = with_relevance(asked(), [same, same], SETTINGS)
        assert dropped == Drop(asked().pair.id, "not_answered", 0.5, 0.5)

    def test_enough_and_nothing_missing_keeps_it(self):
        yes, no = LikelihoodResult([[-0.1], [-3.0]], 0, 9), LikelihoodResult([[-3.0], [-0.1]], 0, 9)
        kept = with_relevance(asked(), [yes, no], SETTINGS, "j@r")
        assert kept.question == QUESTION
        assert [name.split("-")[0] for name in kept.pair.provenance.prompts] == [
            "ugc_question",
            "ugc_relevance",
        ]
        assert with_relevance(asked(), [no, yes], SETTINGS).filter == "not_answered"

    def test_words_that_are_no_choice_are_a_failure(self):
        settings = SETTINGS._replace(judge_form="words")
        assert len(relevance_requests(asked(), settings)) == 2
        dropped = with_relevance(asked(), [said("yes"), said("perhaps")], settings)
        assert dropped.filter == "ugc_relevance:off_grammar"


class TestResponses:
    def test_the_policy_sees_the_question_alone(self):
        request = responses_request(asked(), SETTINGS)
        assert request.messages == [Message("user", QUESTION)]
        assert (request.n, request.temperature) == (5, 0.7)

    def test_different_finished_responses_are_kept_and_the_others_noted(self):
        answers = [*said("A.", " A. ", "", "B."), *said("C", finish="length")]
        record, notes = with_responses(asked(), answers, SETTINGS, "p@r")
        assert record.responses == ("A.", "B.")
        assert notes == ("repeated_reply", "empty_reply", "truncated_reply")
        assert record.pair.provenance.models == ("judge=j@r", "policy=p@r")
        assert record.pair.provenance.seed == responses_request(asked(), SETTINGS).seed

    def test_one_response_is_too_few(self):
        dropped, notes = with_responses(asked(), said("A.", "A."), SETTINGS)
        assert dropped == Drop(asked().pair.id, "too_few_samples", 1.0, 2.0)
        assert notes == ("repeated_reply",)

    def test_unless_fewer_will_do_all_have_to_be_finished_and_different(self):
        strict = SETTINGS._replace(least=None)
        dropped, _ = with_responses(asked(), said("A.", "B.", "C.", "D."), strict)
        assert dropped == Drop(asked().pair.id, "too_few_samples", 4.0, 5.0)
        record, _ = with_responses(asked(), said("A.", "B.", "C.", "D.", "E."), strict)
        assert len(record.responses) == 5


class TestGrades:
    def test_each_response_is_graded_in_both_wordings_with_the_text_as_reference(self):
        requests = grade_requests(responded("A1.", "B2.", "C3."), SETTINGS)
        assert len(requests) == 6
        shown = [request.context[1].content for request in requests]
        assert all(TEXT in text and QUESTION in text for text in shown)
        assert [["A1." in t, "B2." in t, "C3." in t].index(True) for t in shown] == [
            0, 0, 1, 1, 2, 2,
        ]  # fmt: skip

    def test_a_judge_that_gives_every_response_the_same_ties(self):
        same = LikelihoodResult([[-1.2], [-0.3], [-4.0], [-2.2], [-0.9]], 0, 9)
        graded, _ = with_grades(responded("A.", "B."), [same] * 4, SETTINGS, "j@r")
        assert gap_left(graded, SETTINGS).filter == "tied_scores"

    def test_grades_in_words_are_means_of_those_of_the_grammar(self):
        settings = SETTINGS._replace(judge_form="words", repeats=3)
        record = responded("A.", "B.", "C.")
        assert [r.n for r in grade_requests(record, settings)] == [2, 1] * 3
        assert len({r.seed for r in grade_requests(record, settings)}) == 6
        five, two, junk = "Good.\n[RESULT] 5", "Poor.\n[RESULT] 2", "5 out of 5"
        answers = [
            said(five, two), said(junk),
            said(junk, junk), said(five),
            said(two, two), said(two),
        ]  # fmt: skip
        graded, notes = with_grades(record, answers, settings, "j@r")
        assert graded.responses == ("A.", "C.")
        assert graded.scores == (CandidateScores("judge", (3.5, 2.0)),)
        assert notes == ("ugc_feedback:off_grammar",) * 3
        assert graded.pair.provenance.prompts[-1].startswith("ugc_feedback-v1@")

    def test_other_measures_lose_the_responses_without_a_grade(self):
        settings = SETTINGS._replace(judge_form="words", repeats=1)
        record = responded("A.", "B.", "C.")
        record = with_similarity(record, [0.1, 0.2, 0.3], "e@r")
        answers = [said("Good.\n[RESULT] 5"), said("?"), said("Poor.\n[RESULT] 1")]
        graded, _ = with_grades(record, answers, settings)
        assert [score.values for score in graded.scores] == [(0.1, 0.3), (5.0, 1.0)]

    def test_without_two_grades_there_is_no_pair(self):
        settings = SETTINGS._replace(judge_form="words", repeats=2)
        answers = [said("?")] * 3 + [said("Good.\n[RESULT] 5")]
        dropped, notes = with_grades(responded("A.", "B."), answers, settings)
        assert (dropped.filter, dropped.value) == ("too_few_scores", 1.0)
        assert len(notes) == 3


class TestSignals:
    def test_follow_ups_are_measured_without_the_text(self):
        record = responded("A.", "B.")
        request = follow_ups_request(record, SETTINGS)
        assert request.prompt == [Message("user", QUESTION)]
        many = len(request.follow_ups)
        result = JointResult([[-1.0] * many, [-2.0] * many], None, 1, 9)
        done = with_follow_ups(record, result, SETTINGS, "s@r")
        assert [score.name for score in done.scores] == ["follow_up_likelihood"]
        assert len(done.scores[0].values) == 2
        assert done.cut_messages == 1
        assert done.pair.provenance.models[-1] == "scorer=s@r"

    def test_a_response_like_the_text_is_nearer_to_it(self, encoder):
        record = responded("Keep it cool and away from light.", "The moon is made of rock.")
        request = similarity_request(record, "e@r")
        assert request.reference == TEXT
        done = with_similarity(record, text_similarities(encoder, request), "e@r")
        near, far = done.scores[0].values
        assert 1 > near > far > -1

    def test_a_score_that_is_no_number_is_an_error(self):
        with pytest.raises(ModelError):
            with_similarity(responded("A.", "B."), [0.5, float("nan")])


class TestPair:
    def test_the_best_response_is_chosen_over_the_worst(self):
        pair = validate(best_over_worst(scored(2.0, 4.5, 1.25, 4.5), SETTINGS))
        assert pair.prompt == (Message("user", QUESTION),)
        assert pair.chosen == (Message("assistant", "Response 1."),)
        assert pair.rejected == (Message("assistant", "Response 2."),)
        assert (pair.margin, pair.chosen_score, pair.rejected_score) == (3.25, 4.5, 1.25)
        assert (pair.method, pair.rubric) == ("ugc", RUBRIC)
        assert pair.provenance.scores == (CandidateScores("judge", (2.0, 4.5, 1.25, 4.5)),)
        assert pair.provenance.documents == ("doc",)

    def test_another_pairing_takes_other_responses(self):
        settings = SETTINGS._replace(pairing=PairingSettings("sweet_spot", score="no", k=0.5))
        pair = validate(best_over_worst(scored(2.0, 4.5, 1.25, 4.0), settings))
        assert (pair.chosen_score, pair.rejected_score, pair.margin) == (4.5, 2.0, 2.5)
        assert pair.rejected == (Message("assistant", "Response 0."),)
        far = PairingSettings("air", min_margin=9.0)
        dropped = best_over_worst(scored(2.0, 4.5), SETTINGS._replace(pairing=far))
        assert dropped.filter == "outside_margin"

    def test_scores_that_are_too_near_tie(self):
        tied = gap_left(scored(3.0, 3.0, 3.0), SETTINGS)
        assert tied == Drop(asked().pair.id, "tied_scores", 0.0, 1e-6)
        assert gap_left(scored(3.0, 3.2), SETTINGS._replace(min_gap=0.5)).filter == "tied_scores"
        assert gap_left(scored(3.0, 3.0), SETTINGS._replace(min_gap=0)).filter == "tied_scores"
        assert not isinstance(gap_left(scored(3.0, 3.2), SETTINGS), Drop)

    def test_no_prompt_with_a_piece_of_the_text_gets_through(self):
        record = scored(1.0, 2.0)._replace(question="Store beer in a dark and cool place?")
        assert best_over_worst(record, SETTINGS).filter == "leaks_the_text"
