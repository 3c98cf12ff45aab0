"""The language of a text, and sides in another one than the prompt's."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.selection.languages import LANGUAGES, foreign_sides, language_of_text
from schemas.records import Message

TURNS = {
    "ar": "كيف يمكنني تعلم الطبخ في المنزل بسرعة؟",
    "cs": "Jak dlouho se vaří vejce natvrdo a kolik vody potřebuju?",
    "da": "Hvor lang tid skal et hårdkogt æg koge, og hvor meget vand skal der i gryden?",
    "de": "Wie lange muss ein Ei kochen, bis es hart ist?",
    "el": "Πόση ώρα βράζει ένα σφιχτό αυγό;",
    "en": "How long does an egg have to boil until it is hard?",
    "es": "¿Cuánto tiempo hay que hervir un huevo para que quede duro?",
    "fi": "Kuinka kauan kananmunaa pitää keittää, jotta se on kova?",
    "fr": "Combien de temps faut-il cuire un œuf pour qu'il soit dur ?",
    "he": "כמה זמן צריך לבשל ביצה קשה?",
    "hi": "मुझे बताइए कि अंडे को कितनी देर तक उबालना चाहिए ताकि वह पूरी तरह पक जाए?",
    "hu": "Mennyi ideig kell főzni a tojást, hogy kemény legyen?",
    "it": "Per quanto tempo bisogna bollire un uovo perché sia sodo?",
    "ja": "卵は何分ゆでれば固ゆでになりますか。",
    "ko": "달걀을 완숙으로 삶으려면 몇 분이 걸리나요?",
    "nl": "Hoe lang moet een ei koken voordat het hard is?",
    "pl": "Jak długo gotować jajko na twardo?",
    "pt": "Quanto tempo preciso cozinhar um ovo para ele ficar duro?",
    "ru": "Сколько минут нужно варить яйцо, чтобы оно было вкрутую?",
    "sv": "Hur länge ska man koka ett ägg för att det ska bli hårt?",
    "th": "ต้มไข่ให้สุกแข็งใช้เวลากี่นาที",
    "tr": "Bir yumurta katı olana kadar ne kadar kaynatılmalı?",
    "uk": "Скільки хвилин варити яйце, щоб воно було круте?",
    "vi": "Luộc trứng chín kỹ thì mất bao nhiêu phút?",
    "zh": "鸡蛋要煮几分钟才能全熟？",
}
ENGLISH = "Boil it for ten minutes, then put it into cold water, so that it is easy to peel."
GERMAN = "Zehn Minuten kochen und dann in kaltes Wasser legen, damit es sich gut schälen lässt."
ASKED = "Please tell me how long an egg has to boil until the yolk is really hard."


def sides_of(prompt, chosen=ENGLISH, rejected=GERMAN):
    messages = [Message("user", prompt)] if isinstance(prompt, str) else prompt
    return foreign_sides(messages, {"chosen": chosen, "rejected": rejected})


@pytest.mark.parametrize("language", TURNS)
def test_short_turns_are_told(language):
    assert language in LANGUAGES
    assert language_of_text(TURNS[language]) == language


@pytest.mark.parametrize(
    "text",
    ["", "ok", "42", "Hi!", "3 + 4 * (2 - 1) = 7", "https://example.org/one/two/three/four/five"],
)
def test_what_is_too_short_is_not_told(text):
    assert language_of_text(text) is None


@pytest.mark.parametrize(
    "code",
    [
        "```python\nfor each in the_list:\n    print('hello to all of you')\n```",
        "def total(values):\n    result = 0\n    for value in values:\n        result += value\n"
        "    return result",
        "const total = values.reduce((a, b) => a + b);\nconsole.log(total);\nreturn total;",
    ],
)
def test_code_has_no_language(code):
    assert language_of_text(code) is None


def test_a_side_in_another_language_is_found():
    assert sides_of(ASKED) == ["rejected"]
    assert sides_of(TURNS["de"] + " Bitte mit einer kurzen Erklärung dazu.") == ["chosen"]
    assert sides_of(ASKED, GERMAN, GERMAN) == ["chosen", "rejected"]
    assert sides_of(ASKED, ENGLISH, ENGLISH) == []


@pytest.mark.parametrize(
    "prompt",
    [
        f"{ASKED} Answer in German.",
        f"{ASKED} Auf Deutsch, bitte.",
        f"Translate: {ASKED}",
        f"{ASKED} My grandmother speaks only Deutsch, so please write it for her.",
        f"{ASKED}\n\n{GERMAN} {GERMAN}",
        "Egg?",
    ],
)
def test_a_prompt_that_may_ask_for_another_language_flags_nothing(prompt):
    assert sides_of(prompt) == []


def test_a_language_that_was_spoken_before_is_not_foreign():
    earlier = [Message("user", TURNS["de"]), Message("assistant", GERMAN), Message("user", ASKED)]
    system = [Message("system", "Antworte immer freundlich und kurz."), Message("user", ASKED)]

    assert sides_of(earlier) == []
    assert sides_of(system) == []


def test_near_relatives_are_not_told_apart_for_a_flag():
    danish = "Kog det i ti minutter, og læg det bagefter i koldt vand, så det er let at pille."
    asked = "Kan du fortelle meg hvor lenge et egg må koke før plommen er helt hard i midten?"

    assert sides_of(asked, danish, danish) == []


def test_short_and_sounding_sides_are_not_flagged():
    assert sides_of(ASKED, "Zehn Minuten.", "10") == []


def test_threads_say_the_same():
    texts = [f"{turn} {n}" for n in range(20) for turn in TURNS.values()]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(language_of_text, texts)) == list(map(language_of_text, texts))


@settings(deadline=None)  # The rules are loaded with the first text.
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_has_an_answer(text):
    assert language_of_text(text) in {None, *LANGUAGES}
    assert set(foreign_sides([Message("user", text)], {"chosen": text})) <= {"chosen"}
