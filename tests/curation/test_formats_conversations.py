"""Conversation formats: one sample file each, then what can be wrong with a row."""

import json

import pytest
from formats_rows import parse, sample

from schemas.ids import content_id, conversation_id
from schemas.records import Conversation, Message, Reject
from schemas.validate import validate


def chat(*texts: str) -> dict:
    roles = ["user", "assistant"] * len(texts)
    return {"messages": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=False)]}


def test_openai_messages_with_parts_and_tool_calls() -> None:
    plain, history, tools = sample("openai")
    assert plain.messages[:2] == (
        Message("system", "Be brief."),
        Message("user", "What is the capital of Peru?"),
    )
    assert (plain.model, plain.source, plain.metadata["format"]) == (
        "gpt-4o-mini",
        "openai",
        "openai",
    )
    assert (history.model, len(history.messages)) == ("gemini-2.0-pro", 2)
    assert [message.role for message in tools.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert tools.messages[0].content == "What is the weather\nin Oslo?"
    assert json.loads(tools.messages[1].content)[0]["function"]["name"] == "weather"


def test_sharegpt_roles_in_all_spellings_and_parts_in_one_group() -> None:
    first, second, other = sample("sharegpt")
    assert [message.role for message in second.messages] == ["assistant", "user", "assistant"]
    assert [message.role for message in other.messages] == ["system", "user", "assistant"]
    group = content_id("group", "sharegpt", "QWJhYvA")
    assert first.metadata["group"] == second.metadata["group"] == group
    assert other.metadata["group"] == other.id
    assert second.metadata["native_id"] == "QWJhYvA_1"


def test_wildchat_users_are_hashed_and_flags_kept() -> None:
    (found,) = sample("wildchat", user_salt="pepper")
    assert (found.model, found.language) == ("gpt-3.5-turbo-0301", "Spanish")
    assert found.timestamp == 1680998573.0
    assert found.user == content_id("user", "pepper", "8f2c41")
    assert (found.metadata["toxic"], found.metadata["redacted"]) == ("false", "false")


def test_lmsys_moderation_of_any_turn_is_kept() -> None:
    (found,) = sample("lmsys")
    assert (found.model, found.user, found.metadata["toxic"]) == ("wizardlm-13b", None, "true")
    assert found.metadata["native_id"] == "33f01939a744455c869cb234afca47f1"


def test_a_conversation_says_where_it_comes_from() -> None:
    (found,) = parse({**chat("hi", "hello"), "id": 12}, source="my logs")
    assert found.id == conversation_id(found.messages)
    assert found.source == "my logs"
    assert found.metadata == {
        "file": "f.jsonl",
        "position": "7",
        "format": "openai",
        "group": found.id,
        "native_id": "12",
    }


@pytest.mark.parametrize("field", ["messages", "history", "conversation", "dialogue", "turns"])
def test_the_list_of_messages_may_have_several_names(field: str) -> None:
    (found,) = parse({field: chat("hi")["messages"]})
    assert found.messages == (Message("user", "hi"),)


def test_messages_may_be_json_text_as_csv_holds_them() -> None:
    (found,) = parse({"messages": json.dumps(chat("hi", "hello")["messages"])})
    assert len(found.messages) == 2


def test_an_empty_turn_stays_when_the_conversation_has_other_text() -> None:
    (found,) = parse(chat("hi", "", "hello?"))
    assert [message.content for message in found.messages] == ["hi", "", "hello?"]


def message(**fields: object) -> dict:
    return {"messages": [{"role": "user", "content": "hi"}, fields]}


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (chat(), "empty_conversation", "no turns"),
        (chat(" ", "\n"), "empty_conversation", "every turn is empty"),
        ({"conversations": [{"from": "gpt", "value": "hi"}]}, "no_user_turn", ""),
        ({"messages": "hi"}, "wrong_type", "messages: expected a list, got str"),
        ({"messages": None}, "wrong_type", "messages: expected a list, got NoneType"),
        ({"conversations": {"a": 1}}, "wrong_type", "conversations: expected a list"),
        ({"messages": ["hi"]}, "wrong_type", "messages[0]: expected an object, got str"),
        (message(role="user", content=3), "wrong_type", "messages[1].content: expected text"),
        (message(role="user"), "wrong_type", "messages[1].content: is missing"),
        (message(role=3, content="x"), "wrong_type", "messages[1].role: expected text, got int"),
        (message(role="judge", content="x"), "unknown_role", "messages[1].role: 'judge'"),
        (message(role="user", content=[{"type": "image_url"}]), "unsupported_part", "image_url"),
        (message(role="user", content="a\0b"), "nul_byte", "messages[1].content"),
        (message(role="user", content="a\ud800"), "lone_surrogate", "messages[1].content"),
        (message(role="user", content="x" * 101), "turn_too_long", "101 characters"),
        ({"title": "x", "body": "y"}, "unknown_format", "title, body"),
        (["hi"], "unknown_format", "expected an object, got list"),
        (None, "unknown_format", "NoneType"),
    ],
)
def test_a_row_that_cannot_be_used_is_a_reject_that_says_why(
    value: object, reason: str, detail: str
) -> None:
    reject = parse(value, max_turn_chars=100)
    assert isinstance(reject, Reject)
    assert (reject.stage, reject.reason, reject.position) == ("ingest", reason, 7)
    assert detail in reject.detail
    assert reject.source == "f.jsonl"
    assert validate(reject).record.encode()


def test_a_named_format_refuses_rows_of_another() -> None:
    reject = parse(chat("hi"), format="sharegpt")
    assert (reject.reason, reject.detail) == (
        "wrong_format",
        "not sharegpt; the fields are: messages",
    )
    assert isinstance(parse(chat("hi"), format="openai")[0], Conversation)


def test_numbered_rows_of_a_dataset_are_not_parts_of_one_conversation() -> None:
    turns = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]
    for ids, groups in ((("train_0", "train_1"), 2), (("QWJhYvA_0", "QWJhYvA_1"), 1)):
        found = {
            parse({"id": name, "conversations": [*turns, {"from": "human", "value": name}]})[
                0
            ].metadata["group"]
            for name in ids
        }
        assert len(found) == groups
