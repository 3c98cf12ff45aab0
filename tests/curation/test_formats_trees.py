"""OpenAssistant trees, nested and flat: every root-to-leaf path once, every row accounted for."""

import json
from collections import Counter

import pytest
from formats_rows import parse, sample

from curation.formats import TreeMessage, join_messages
from schemas.ids import content_id
from schemas.records import Conversation, Message, Reject


def paths(conversations: list[Conversation]) -> list[list[str]]:
    return [[message.content for message in c.messages] for c in conversations]


EXPECTED = [
    ["How do I protect my eyes?", "Rest them often.", "How often?", "Every 20 minutes."],
    [
        "How do I protect my eyes?",
        "Rest them often.",
        "How often?",
        "Every 20 minutes, for 20 seconds.",
    ],
    ["How do I protect my eyes?", "Look away from the screen."],
]


def test_a_nested_tree_gives_each_path_once_in_tree_order_without_deleted_messages() -> None:
    *tree, other = sample("oasst_tree")
    assert paths(tree) == EXPECTED
    assert [c.metadata.get("new_from") for c in tree] == [None, "3", "1"]
    assert {c.metadata["group"] for c in tree} == {content_id("group", "oasst", "t1")}
    assert {c.source for c in tree} == {"oasst"}
    assert other.messages == (Message("user", "Hi"), Message("assistant", "Hello!"))


def test_ranked_siblings_are_listed_once_where_their_turn_is_new() -> None:
    tree = sample("oasst_tree")[:3]
    rankings = [json.loads(c.metadata.get("rankings", "[]")) for c in tree]
    assert rankings[1:] == [[], []]
    assert rankings[0] == [
        {
            "turn": 1,
            "replies": [
                {"content": "Look away from the screen.", "rank": 0},
                {"content": "Rest them often.", "rank": 1},
            ],
        },
        {
            "turn": 3,
            "replies": [
                {"content": "Every 20 minutes, for 20 seconds.", "rank": 0},
                {"content": "Every 20 minutes.", "rank": 1},
            ],
        },
    ]


def test_flat_messages_join_to_the_same_conversations_in_any_order() -> None:
    messages = sample("oasst_message")
    nested = sample("oasst_tree")[:3]
    for rows in (messages, messages[::-1]):
        conversations, rejects = join_messages(rows)
        assert [c.id for c in conversations] == [c.id for c in nested]
        assert [c.metadata.get("rankings") for c in conversations] == [
            c.metadata.get("rankings") for c in nested
        ]
        assert [reject.reason for reject in rejects] == ["deleted_message"]
    assert conversations[0].timestamp == 1675607030.983374
    assert conversations[0].user == content_id("user", "", "2c96e467")


def test_messages_without_a_tree_id_are_joined_by_their_parents() -> None:
    conversations, rejects = join_messages(sample("oasst_seed"))
    assert paths(conversations) == [["Can you teach me horseshoes?", "I can."], ["Second tree"]]
    assert rejects == []


def flat(
    message_id: str, parent_id: str | None, tree_id: str | None = "t", **fields
) -> TreeMessage:
    value = {
        "message_id": message_id,
        "parent_id": parent_id,
        "message_tree_id": tree_id,
        "text": f"text of {message_id}",
        "role": "assistant" if parent_id else "prompter",
        **fields,
    }
    (message,) = parse(value)
    return message


@pytest.mark.parametrize(
    "extra",
    [flat("c", "missing"), flat("c", "c"), flat("c", None)],
    ids=["missing parent", "cycle", "two roots"],
)
def test_a_tree_that_cannot_be_joined_is_a_reject_for_each_of_its_rows(extra: TreeMessage) -> None:
    conversations, rejects = join_messages([flat("a", None), flat("b", "a"), extra])
    assert conversations == []
    assert Counter(reject.reason for reject in rejects) == {"broken_tree": 3}


def test_without_a_tree_id_only_what_leads_to_no_root_is_refused() -> None:
    rows = [flat("a", None, None), flat("b", "a", None), flat("c", "lost", None)]
    conversations, rejects = join_messages(rows)
    assert paths(conversations) == [["text of a", "text of b"]]
    assert [(reject.reason, json.loads(reject.record)["message_id"]) for reject in rejects] == [
        ("broken_tree", "c")
    ]


def test_what_follows_a_deleted_message_is_refused_with_it() -> None:
    rows = [flat("a", None), flat("b", "a", deleted=True), flat("c", "b"), flat("d", "a")]
    conversations, rejects = join_messages(rows)
    assert paths(conversations) == [["text of a", "text of d"]]
    assert [reject.reason for reject in rejects] == ["deleted_message"] * 2


def test_a_message_given_twice_counts_once() -> None:
    conversations, rejects = join_messages([flat("a", None), flat("a", None)])
    assert len(conversations) == 1
    assert [reject.reason for reject in rejects] == ["duplicate_message"]


def test_a_path_without_end_is_refused() -> None:
    rows = [flat("0", None), *(flat(str(i), str(i - 1)) for i in range(1, 1200))]
    conversations, rejects = join_messages(rows)
    assert conversations == []
    assert {reject.reason for reject in rejects} == {"tree_too_deep"}
    assert len(rejects) == 1200


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"text": 3}, "wrong_type", "text: expected text, got int"),
        ({"role": "judge"}, "unknown_role", "'judge'"),
        ({"message_id": None}, "wrong_type", "message_id: is missing"),
        ({"text": "\0"}, "nul_byte", "text"),
        ({"replies": "x"}, "wrong_type", "replies: expected a list"),
        ({"replies": ["x"]}, "wrong_type", "reply to a: expected an object, got str"),
        ({"deleted": True}, "deleted_message", ""),
        ({"text": " "}, "empty_conversation", ""),
    ],
)
def test_a_bad_nested_tree_is_one_reject(change: dict, reason: str, detail: str) -> None:
    root = {"message_id": "a", "text": "hi", "role": "prompter", "replies": [], **change}
    reject = parse({"message_tree_id": "a", "prompt": root})
    assert isinstance(reject, Reject)
    assert reject.reason == reason
    assert detail in reject.detail


def test_a_nested_part_of_a_tree_is_refused() -> None:
    root = {"message_id": "a", "parent_id": "z", "text": "hi", "role": "prompter", "replies": []}
    assert parse(root).reason == "broken_tree"
