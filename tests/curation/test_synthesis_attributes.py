"""Attributes, five levels of a reply, and whether a judge sees them move."""

import re
from importlib.resources import files

import pytest
import yaml
from planted_conversations import chat

from curation.models.protocols import Completion, LikelihoodResult
from curation.prompts.attribute_compare import ATTRIBUTE_COMPARE
from curation.prompts.attribute_rewrite import ATTRIBUTE_REWRITE
from curation.synthesis.attributes import ATTRIBUTES, LEVELS, NORMS, VALUES, parse_attributes
from curation.synthesis.attributes_check import (
    compared_levels,
    moved_requests,
    read_moved,
    unchecked_pairs,
)
from curation.synthesis.attributes_rewrite import (
    AttributeLevels,
    AttributeSettings,
    Level,
    attribute_drafts,
    check_settings,
    read_rewritings,
    rewrite_requests,
)
from curation.synthesis.reply import ReplySampling
from schemas import Drop, validate
from schemas.errors import SchemaError, UsageError
from schemas.ids import pair_id

SHIPPED = files("curation.synthesis").joinpath("attributes.yaml").read_text("utf-8")
REPLY = "Whales are mammals, which live in the sea for up to 90 years."
TALK = chat("Tell me of whales.", REPLY, "Thanks!")
FORMAL = AttributeSettings(("formality",), sampling=ReplySampling(seed=5, max_new_tokens=64))
(DRAFT,) = attribute_drafts(TALK, FORMAL)
TEXTS = [
    "Whales? Yeah, mammals, live in the sea, up to 90 years!",
    "So whales are mammals that live in the sea, up to 90 years.",
    REPLY,
    "Whales are mammals; they live in the sea, and for up to 90 years.",
    "Whales, it may be stated, are mammals, and live in the sea for up to 90 years.",
]


def rewritten(texts=TEXTS, draft=DRAFT, settings=FORMAL, finish="stop"):
    answers = [[Completion(text, finish, 9, 9, cut_messages=1)] for text in texts]
    return read_rewritings(draft, answers, settings, "w@1")


def levels(*numbers, attribute="formality"):
    """Rewritings that carry their true level in words, so that a judge can read it."""
    found = tuple(Level(n, f"A text of true level {n}.", 100 + n) for n in numbers)
    return AttributeLevels(DRAFT.pair, attribute, found)


def question(request):
    """The messages of a request in either form."""
    return getattr(request, "messages", None) or request.context


def shown(request):
    """What a judge is asked: for more or for less, and the true levels of A and B."""
    said = question(request)[1].content
    a, b = (int(found) for found in re.findall(r"true level (\d)", said))
    return re.search(r"Which reply is (more|less) formal", said)[1], a, b


def oracle(request):
    asked, a, b = shown(request)
    return "A" if (a > b) == (asked == "more") else "B"


def always_a(_):
    return "A"


def deaf(request):
    """A judge that reads the replies and not whether more or less is asked for."""
    _, a, b = shown(request)
    return "A" if a > b else "B"


def reversed_judge(request):
    return "B" if oracle(request) == "A" else "A"


def undecided(_):
    return None


def one_break(request):
    """A judge that sees no difference between the levels 2 and 3."""
    _, a, b = shown(request)
    return "A" if {a, b} == {2, 3} else oracle(request)


def judged(edits, judge, settings=FORMAL):
    """The answers of a judge to all requests, in the form that the settings ask for."""
    answers = []
    for request in moved_requests(edits, settings):
        letter = judge(request)
        if settings.form == "words":
            answers.append([Completion(letter, "stop", 9, 1)] * request.n)
        else:
            likely = {"A": (-0.1, -3.0), "B": (-3.0, -0.1), None: (-1.0, -1.0)}[letter]
            answers.append(LikelihoodResult([[value] for value in likely], 0, 9))
    return read_moved(edits, answers, settings, "j@1")


def level_pairs(made):
    return [tuple(map(int, re.findall(r"\d", pair.rubric))) for pair in made.pairs]


class TestAttributes:
    def test_there_are_nine_norms_and_ten_values_at_five_levels(self):
        assert (len(NORMS), len(VALUES), len(ATTRIBUTES)) == (9, 10, 19)
        assert all(len(set(attribute.levels)) == 5 for attribute in ATTRIBUTES.values())
        wordings = [said for attribute in ATTRIBUTES.values() for said in attribute.levels]
        assert len(set(wordings)) == 95

    def test_only_verbosity_changes_the_length(self):
        assert [a.name for a in ATTRIBUTES.values() if a.changes_length] == ["verbosity"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"kind": "mood"}, "formality: expected kind"),
            ({"kind": ["norm"]}, "formality: expected kind"),
            ({"levels": ["a", "b"]}, "formality: expected 5 levels"),
            ({"levels": "abcde"}, "formality: expected 5 levels"),
            ({"levels": ["a", "b", "c", "d", "a"]}, "formality: two levels"),
            ({"levels": ["a", "b", "c", "d", 5]}, "formality: level 5 is no line"),
            ({"low": "formal"}, "both poles are the same"),
            ({"about": "two\nlines"}, "formality: about"),
            ({"about": "x" * 201}, "formality: about"),
            ({"high": " "}, "formality: high"),
            ({"changes_length": "yes"}, "formality: changes_length"),
            ({"colour": "red"}, "formality: unknown key 'colour'"),
        ],
    )
    def test_a_file_that_is_wrong_is_refused_by_name(self, change, message):
        entry = {**yaml.safe_load(SHIPPED)["formality"], **change}
        with pytest.raises(SchemaError, match=message):
            parse_attributes(yaml.safe_dump({"formality": entry}))

    @pytest.mark.parametrize("text", ["", "[]", "- a", "a: 1", "{", "A b: {}", "1: {}", "[" * 5000])
    def test_what_is_no_file_of_attributes_is_refused(self, text):
        with pytest.raises(SchemaError):
            parse_attributes(text)

    @pytest.mark.parametrize(
        "change",
        [
            {"attributes": ("formalness",)},
            {"attributes": ()},
            {"attributes_per_exchange": 0},
            {"attributes_per_exchange": 2},
            {"verify": "some"},
            {"form": "json"},
            {"repeats": 0},
            {"agreement": 0},
            {"agreement": 1.1},
        ],
    )
    def test_settings_that_make_no_sense_are_refused(self, change):
        check_settings(FORMAL)
        with pytest.raises(UsageError):
            check_settings(FORMAL._replace(**change))


class TestDrafts:
    def test_the_first_exchange_is_rewritten_by_as_many_attributes_as_wished(self):
        drafts = attribute_drafts(TALK, AttributeSettings(attributes_per_exchange=3))
        assert len({draft.attribute for draft in drafts}) == 3
        assert {(d.reply, len(d.pair.prompt)) for d in drafts} == {(REPLY, 1)}
        assert len({draft.pair.id for draft in drafts}) == 3

    def test_what_is_drawn_depends_on_seed_and_id_and_covers_all(self):
        talks = [TALK._replace(id=f"conversation {n}") for n in range(400)]
        drawn = [attribute_drafts(talk)[0].attribute for talk in talks]
        assert drawn == [attribute_drafts(talk)[0].attribute for talk in talks]
        assert set(drawn) == set(ATTRIBUTES)
        other = AttributeSettings(sampling=ReplySampling(seed=1))
        assert drawn != [attribute_drafts(talk, other)[0].attribute for talk in talks]

    def test_a_conversation_without_a_reply_is_dropped(self):
        dropped = attribute_drafts(chat("Hello?"))
        assert isinstance(dropped, Drop)
        assert dropped.filter == "no_exchange"

    def test_the_writer_is_asked_for_each_level_with_a_seed_of_its_own(self):
        requests = rewrite_requests(DRAFT, FORMAL)
        assert len({request.seed for request in requests}) == 5
        for level, request in zip(LEVELS, requests, strict=True):
            said = request.messages[1].content
            assert f"Level {level} is wanted" in said
            assert ATTRIBUTES["formality"].level(level) in said
            assert REPLY in said


class TestRewritings:
    def test_five_levels_that_stay_give_exactly_ten_ordered_pairs(self):
        edits, notes = rewritten()
        assert notes == ()
        made = unchecked_pairs(edits)
        assert level_pairs(made) == [
            (b, a) for a in LEVELS for b in LEVELS if a < b
        ]  # the higher level over the lower
        assert len({pair.id for pair in made.pairs}) == 10

    def test_a_pair_has_the_higher_level_as_chosen_and_says_where_it_comes_from(self):
        edits, _ = rewritten()
        pair = unchecked_pairs(edits).pairs[3]
        assert (pair.rubric, pair.margin) == ("more formal: level 5 over 1", 4.0)
        assert (pair.chosen[0].content, pair.rejected[0].content) == (TEXTS[4], TEXTS[0])
        assert pair.prompt == TALK.messages[:1]
        assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
        assert (pair.method, pair.conversation_id) == ("attributes", TALK.id)
        origin = pair.provenance
        assert (origin.models, origin.prompts) == (("writer=w@1",), (ATTRIBUTE_REWRITE.identity,))
        assert origin.seed == rewrite_requests(DRAFT, FORMAL)[4].seed
        assert pair.cut_messages == 1
        validate(pair)

    def test_a_level_that_fails_is_a_note_and_the_others_stay(self):
        texts = [
            "",
            "Here is the rewritten reply:\n" + TEXTS[1],
            TEXTS[2],
            TEXTS[3].replace("90", "80"),
            TEXTS[4],
        ]
        edits, notes = rewritten(texts)
        assert [level.level for level in edits.levels] == [3, 5]
        assert notes == (
            "attribute_rewrite:empty", "attribute_rewrite:preamble", "numbers_changed"
        )  # fmt: skip

    def test_texts_that_serve_two_levels_serve_neither(self):
        edits, notes = rewritten([REPLY, REPLY, *TEXTS[3:], TEXTS[0]])
        assert [level.level for level in edits.levels] == [3, 4, 5]
        assert notes == ("same_text", "same_text")

    def test_fewer_than_two_levels_are_dropped(self):
        dropped, notes = rewritten([REPLY, *[""] * 4])
        assert (dropped.filter, dropped.value, dropped.pair_id) == (
            "too_few_levels", 1.0, DRAFT.pair.id
        )  # fmt: skip
        assert len(notes) == 4
        assert rewritten([REPLY] * 5)[0].filter == "too_few_levels"

    def test_a_rewriting_that_was_cut_off_stays_only_when_asked_for(self):
        assert rewritten(finish="length")[1] == ("attribute_rewrite:truncated",) * 5
        keeping = FORMAL._replace(sampling=FORMAL.sampling._replace(keep_truncated=True))
        assert len(rewritten(settings=keeping, finish="length")[0].levels) == 5

    def test_verbosity_may_change_the_length_more_than_the_others(self):
        wordy = AttributeSettings(("verbosity",))
        (draft,) = attribute_drafts(TALK, wordy)
        texts = ["Whales: sea mammals, 90 years.", *TEXTS[1:4], TEXTS[4] * 3]
        assert len(rewritten(texts, draft, wordy)[0].levels) == 5
        assert rewritten(texts)[1] == ("length",)


class TestMoved:
    def test_the_published_pattern_of_eight_calls_is_what_an_oracle_answers(self):
        words = FORMAL._replace(form="words", repeats=2)
        edits = levels(2, 4)
        requests = moved_requests(edits, words)
        calls = [oracle(request) for request in requests for _ in range(request.n)]
        assert calls == ["B", "B", "A", "A", "A", "A", "B", "B"]
        assert len(judged(edits, oracle, words)[0].pairs) == 1

    @pytest.mark.parametrize("form", ["likelihood", "words"])
    @pytest.mark.parametrize(("verify", "calls"), [("all_pairs", 40), ("adjacent", 16)])
    def test_an_oracle_passes_all_ten_pairs_at_the_stated_cost(self, form, verify, calls):
        settings = FORMAL._replace(form=form, verify=verify)
        edits = levels(*LEVELS)
        requests = moved_requests(edits, settings)
        assert len(requests) == calls
        assert sum(getattr(r, "n", 1) for r in requests) == calls * (2 if form == "words" else 1)
        made, notes = judged(edits, oracle, settings)
        assert (len(made.pairs), notes) == (10, ())
        assert made.pairs[0].provenance.models == ("judge=j@1",)
        assert made.pairs[0].provenance.prompts == (ATTRIBUTE_COMPARE.identity,)

    @pytest.mark.parametrize("judge", [always_a, deaf, reversed_judge, undecided])
    def test_a_judge_that_does_not_see_the_attribute_passes_nothing(self, judge):
        for verify, compared in (("all_pairs", 10), ("adjacent", 4)):
            dropped, notes = judged(levels(*LEVELS), judge, FORMAL._replace(verify=verify))
            assert dropped.filter == "not_moved"
            assert notes == ("not_moved",) * compared

    def test_a_break_between_neighbours_splits_the_levels(self):
        made, notes = judged(levels(*LEVELS), one_break)
        assert level_pairs(made) == [(2, 1), (4, 3), (5, 3), (5, 4)]
        assert notes == ("not_moved",)

    def test_of_all_pairs_only_the_failed_one_is_left_out(self):
        made, _ = judged(levels(*LEVELS), one_break, FORMAL._replace(verify="all_pairs"))
        assert len(made.pairs) == 9
        assert (3, 2) not in level_pairs(made)

    def test_a_lower_agreement_lets_a_judge_err_now_and_then(self):
        lenient = FORMAL._replace(agreement=0.5)
        assert len(judged(levels(1, 2), deaf, lenient)[0].pairs) == 1
        assert judged(levels(1, 2), reversed_judge, lenient)[0].filter == "not_moved"

    def test_an_answer_off_the_grammar_agrees_with_nothing_and_is_counted(self):
        words = FORMAL._replace(form="words", repeats=1)
        dropped, notes = judged(levels(1, 2), lambda _: "Reply B", words)
        assert dropped.filter == "not_moved"
        assert notes == (*["attribute_compare:off_grammar"] * 4, "not_moved")

    def test_levels_that_are_missing_are_skipped(self):
        compared = compared_levels(levels(1, 4, 5), "adjacent")
        assert [(low.level, high.level) for low, high in compared] == [(1, 4), (4, 5)]
        assert len(judged(levels(1, 4, 5), oracle)[0].pairs) == 3

    def test_values_are_asked_for_in_favour_and_against(self):
        request = moved_requests(levels(1, 2, attribute="tradition"), FORMAL)[1]
        expected = "Which reply is less in favour of tradition, A or B?"
        assert expected in question(request)[1].content
