"""The loaders of the labelled sets, on small files in the sets' own formats."""

import io
import tarfile
from pathlib import Path

import orjson
import pytest
from labelled import ifllm, oasst, recllmsim, uss
from labelled.rows import may_train, untrained

from curation.feedback.classifier import load_classifier
from curation.feedback.detector import judged_turns
from schemas.errors import InputError


def rated(text: str, rating: object) -> dict[str, object]:
    return {"role": "assistant", "content": text, "satisfaction": rating}


def asked(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


CHAT = {
    "chat_model": "m",
    "history": [asked("一"), rated("二", "2"), asked("三"), rated("四", 5), asked("五")],
    "strategy_V3": {
        "final": {"feedback": "Both"},
        "1": {"feedback": "Both"},
        "2": {"feedback": "Negative"},
        "3": {"feedback": "NoFeedback"},
    },
}


def write_tree(folder: Path) -> None:
    for user in ("User_2", "User_7"):
        path = folder / "human_exp_V2" / user / "任务" / "3.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(orjson.dumps(CHAT))


def write_archive(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("human_exp_V2/User_9/任务/1.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)


def test_a_rating_is_about_the_reply_before_the_turn_it_is_stored_at():
    row = recllmsim.parse("User_7/任务/3.json", orjson.dumps(CHAT))
    assert row.ratings == {2: (2.0,), 4: (5.0,)}
    assert set(row.ratings) == set(judged_turns(row.conversation))
    assert row.votes == ("Both", "Negative", "NoFeedback")
    assert row.user == "recllmsim_human/User_7"


@pytest.mark.parametrize("rating", [None, "", "0", "6", "four", []])
def test_a_missing_or_impossible_rating_is_none(rating):
    chat = {"history": [asked("一"), rated("二", rating), asked("三")]}
    row = recllmsim.parse("User_7/任务/3.json", orjson.dumps(chat))
    assert (row.ratings, row.votes) == ({}, ())


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"history": 3}', b'{"history": [{"role": "user"}]}']
)
def test_what_is_no_conversation_is_refused_by_name(data):
    with pytest.raises(InputError, match=r"User_7/a/1\.json"):
        recllmsim.parse("User_7/a/1.json", data)


def test_archives_and_trees_of_other_users_give_the_same_rows(tmp_path):
    write_tree(tmp_path / "tree" / "recllmsim_human")
    data = orjson.dumps(CHAT)
    members = {f"human_exp_V2/User_{n}/任务/3.json": data for n in (2, 7)}
    members |= {"../../human_exp_V2/evil.json": data, "other/User_3/任务/1.json": data}
    write_archive(tmp_path / "tar" / "recllmsim_human" / "even_users.tar.gz", members)
    write_archive(tmp_path / "self" / "even_users.tar.gz", members)
    tree = recllmsim.read(tmp_path / "tree")
    assert [row.user for row in tree] == ["recllmsim_human/User_2", "recllmsim_human/User_7"]
    assert recllmsim.read(tmp_path / "tar") == tree == recllmsim.read(tmp_path / "self")
    assert recllmsim.read(tmp_path / "tree" / "recllmsim_human" / "human_exp_V2") == tree
    assert not (tmp_path / "evil.json").exists()
    assert recllmsim.read(tmp_path / "nothing") == []


def test_users_of_the_weights_are_never_tested_on():
    users = load_classifier().trained_users
    of_recllmsim = [user for user in users if user.startswith(recllmsim.NAME)]
    assert of_recllmsim
    assert all(may_train(user) for user in of_recllmsim)
    assert all(int(user.rsplit("_", 1)[1]) % 2 for user in of_recllmsim)
    row = recllmsim.parse("User_7/任务/3.json", orjson.dumps(CHAT))
    other = row._replace(user="recllmsim_human/User_2")
    assert untrained([row, other], users) == ([other] if may_train(row.user) else [row, other])


HEADER = (
    "query_ID,user_id,task_id,user_query,llm_response_1,llm_response_2,llm_name_1,llm_name_2,"
    "likert_1,likert_2,preference,adjustment,query_timestamp"
)


def test_ifllm_goes_on_from_the_preferred_reply(tmp_path):
    lines = [
        HEADER,
        '2,w,1,second,"b, 2",c2,m,m,5.0,1.0,2.0,0,t',
        "1,w,1,first,a1,a2,m,m,4.0,2.0,2.0,0,t",
        "3,w,1,third,d,,m,,3.0,,,0,t",
        "4,w,2,alone,e,,m,,3.0,,,0,t",
    ]
    (tmp_path / "query_logs_table.csv").write_text("\n".join(lines), "utf-8")
    one, two = ifllm.read(tmp_path)
    texts = ["first", "a2", "second", "c2", "third", "d"]
    assert [message.content for message in one.conversation.messages] == texts
    assert one.ratings == {2: (2.0,), 4: (1.0,)}
    assert (one.user, two.ratings) == ("ifllm/w", {})


def test_uss_ratings_stand_on_user_turns_and_overall_lines_are_none(tmp_path):
    text = (
        "USER\tHi\tGREET\t3,3,4\nSYSTEM\tYes?\t\t\nUSER\tThanks!\t\t5,4,x,\n"
        "USER\tOVERALL\tOTHER\t1,1,1\n\nSYSTEM\tHello\t\nUSER\tBye\n\n"
    )
    (tmp_path / "SGD.txt").write_text(text, "utf-8")
    first, second = uss.read(tmp_path)["SGD"]
    assert first.ratings == {0: (3.0, 3.0, 4.0), 2: (5.0, 4.0)}
    assert [m.role for m in first.conversation.messages] == ["user", "assistant", "user"]
    assert second.ratings == {}
    assert uss.read(tmp_path / "nothing") == {}


def test_a_folder_without_trees_gives_none(tmp_path):
    assert oasst.read(tmp_path) == []
