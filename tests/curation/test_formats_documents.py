"""Documents of every format: what is kept of a post, and what makes it a reject."""

import pytest

from curation.documents.html import html_text
from curation.formats import Context, parse_row
from curation.reading import Row
from curation.reading.documentfiles import MAIL_FIELD, TEXT_FIELD
from schemas.records import Document, Reject
from schemas.validate import validate

QUESTION = {
    "Id": "1",
    "PostTypeId": "1",
    "AcceptedAnswerId": "4",
    "CreationDate": "2014-01-21T20:26:05.383",
    "Score": "18",
    "Body": "<p>What are <b>citra</b> hops?</p>\n",
    "OwnerUserId": "7",
    "Title": "What is a citra hop?",
    "Tags": "<hops><taste>",
}
ANSWER = {"Id": "4", "PostTypeId": "2", "ParentId": "1", "Score": "-2", "Body": "<p>A hop.</p>"}
SUBMISSION = {"id": "a", "title": "Gose?", "selftext": "Where?", "subreddit": "beer", "score": 3}
COMMENT = {"id": "b", "body": "Here.", "link_id": "t3_a", "parent_id": "t1_c", "score": 3}
MAIL = "From: Ann <ann@example.org>\nSubject: hops\nMessage-ID: <2@x>\n\nFlowers.\n"


def read(value, file="beer/Posts.xml", **context) -> Document | Reject:
    """The one document of a row at position 7, or its reject; checked against its schema."""
    row = Row(value, 7, b"" if any(isinstance(v, bytes) for v in value.values()) else None)
    found = parse_row(row, Context(file, kind="documents", **context))
    (record,) = [found] if isinstance(found, Reject) else found
    return validate(record)


def mail(text: str, **options) -> Document | Reject:
    return read({MAIL_FIELD: text.encode()}, "a.eml", **options)


def test_a_question_keeps_what_its_row_says() -> None:
    found = read(QUESTION)
    assert found._replace(id="", metadata={}) == Document(
        id="",
        text="What are citra hops?",
        title="What is a citra hop?",
        community="beer",
        votes=18,
        parent_id=None,
        source="stackexchange",
        timestamp=1390335965.383,
        metadata={},
    )
    thread, author = found.metadata["thread"], found.metadata["author"]
    assert found.metadata == {
        "file": "beer/Posts.xml",
        "position": "7",
        "format": "stackexchange",
        "native_id": "1",
        "thread": thread,
        "kind": "question",
        "author": author,
        "accepted_id": "4",
        "tags": "hops,taste",
    }


def test_an_answer_is_in_the_thread_of_its_question_in_its_file() -> None:
    question, answer = read(QUESTION), read(ANSWER)
    assert (answer.parent_id, answer.votes, answer.title) == ("1", -2, None)
    assert answer.metadata["kind"] == "answer"
    assert answer.metadata["thread"] == question.metadata["thread"]
    assert read(ANSWER, "wine/Posts.xml").metadata["thread"] != question.metadata["thread"]


def test_columns_of_a_table_in_any_case_and_type_are_the_same_post() -> None:
    table = {name.lower(): value for name, value in QUESTION.items()}
    table |= {"id": 1.0, "posttypeid": 1, "acceptedanswerid": 4.0, "score": 18, "owneruserid": 7.0}
    assert read(table) == read(QUESTION)


@pytest.mark.parametrize("type_id", ["3", "4", "5", "6", "x", None])
def test_what_is_neither_a_question_nor_an_answer_is_not_a_post(type_id) -> None:
    assert read({**QUESTION, "PostTypeId": type_id}).reason == "not_a_post"


def test_a_post_has_an_address_where_the_folder_is_a_site() -> None:
    assert read(ANSWER, "dump/beer.stackexchange.com/Posts.xml").metadata["url"] == (
        "https://beer.stackexchange.com/a/4"
    )
    for folder in ("beer", "beer.stackexchange.com.example.org", "127.0.0.1"):
        assert "url" not in read(ANSWER, f"{folder}/Posts.xml").metadata


def test_ids_are_of_what_is_said_and_not_of_where() -> None:
    assert read(ANSWER, "other/Posts.xml").id == read({**ANSWER, "Id": "5", "Score": "9"}).id
    assert read(ANSWER).id != read({**ANSWER, "Body": "<p>No hop.</p>"}).id
    assert read(QUESTION).id != read({**QUESTION, "Title": "And citra beer?"}).id
    assert read({"text": "A hop."}).id != read(ANSWER).id


def test_a_question_needs_no_text_but_an_answer_does() -> None:
    found = read({**QUESTION, "Body": ""})
    assert (found.text, found.title) == ("", "What is a citra hop?")
    assert found.id != read({**QUESTION, "Body": "", "Title": "Another?"}).id
    assert read({**QUESTION, "Body": "", "Title": " "}).reason == "empty_document"
    assert read({**ANSWER, "Body": "<p> </p>"}).reason == "empty_document"


def test_a_submission_and_its_comments_are_one_thread_in_all_files() -> None:
    submission, comment = read(SUBMISSION, "RS"), read(COMMENT, "RC")
    assert (submission.metadata["native_id"], comment.metadata["native_id"]) == ("t3_a", "t1_b")
    assert (submission.parent_id, comment.parent_id) == (None, "t1_c")
    assert (submission.metadata["kind"], comment.metadata["kind"]) == ("submission", "comment")
    assert submission.metadata["thread"] == comment.metadata["thread"]
    assert (submission.title, submission.community) == ("Gose?", "beer")


@pytest.mark.parametrize("text", ["[deleted]", "[removed]", " [removed]\n"])
def test_what_was_taken_back_is_a_reject(text: str) -> None:
    assert read({**COMMENT, "body": text}).reason == "deleted_post"
    assert read({**SUBMISSION, "selftext": text}).reason == "deleted_post"


def test_reddit_without_a_parent_that_has_a_name_answers_the_submission() -> None:
    assert read({**COMMENT, "parent_id": 35012345}).parent_id == "t3_a"
    assert read({**COMMENT, "parent_id": None}).parent_id == "t3_a"


def test_nobody_is_named() -> None:
    rows = [
        {**QUESTION, "OwnerUserId": None, "OwnerDisplayName": "Ann Ale"},
        {**SUBMISSION, "author": "Ann Ale"},
        {"text": "Cold.", "user": "Ann Ale"},
        {MAIL_FIELD: b"From: Ann Ale <a@b.org>\nTo: Ann Ale <a@b.org>\nSubject: s\n\nHi"},
    ]
    for row in rows:
        found = read(row, user_salt="s")
        assert "Ann" not in repr(found)
        assert "a@b.org" not in repr(found)
        assert found.metadata["author"] != read(row, user_salt="t").metadata["author"]
    assert "author" not in read({**SUBMISSION, "author": "[deleted]"}).metadata


def test_a_mail_keeps_its_own_words_its_subject_and_its_thread() -> None:
    first = mail(MAIL)
    reply = "In-Reply-To: <2@x>\nReferences: <2@x>\n" + MAIL.replace("<2@x>", "<3@x>")
    last = "References: <2@x>\n\t<3@x>\n" + MAIL.replace("<2@x>", "<4@x>")
    found = [mail(reply), mail(last)]
    assert (first.title, first.text, first.parent_id) == ("hops", "Flowers.", None)
    assert [f.parent_id for f in found] == ["2@x", "3@x"]
    assert {f.metadata["thread"] for f in found} == {first.metadata["thread"]}


def test_a_mail_in_html_is_read_when_there_is_no_plain_text() -> None:
    html = MAIL.replace("\n\nFlowers.", "\nContent-Type: text/html\n\n<p>Hops &amp; malt</p>")
    assert mail(html).text == "Hops & malt"


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        ("utf-8", "Köln".encode(), "Köln"),
        ("iso-8859-1", "Köln".encode("latin-1"), "Köln"),
        ("us-ascii", "Köln".encode(), "Köln"),
        ("us-ascii", "Köln".encode("latin-1"), "K\ufffdln"),
        ("iso-2022-jp", "ビール".encode("iso-2022-jp"), "ビール"),
    ],
)
def test_a_mail_is_read_in_its_charset(charset: str, content: bytes, text: str) -> None:
    head = f"Subject: s\nContent-Type: text/plain; charset={charset}\n\n".encode()
    assert read({MAIL_FIELD: head + content}, "a.eml").text == text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Subject: s\n\n> all quoted\n-- \nAnn", "empty_document"),
        ("Subject: s\nContent-Type: image/png\n\nAAAA", "no_text"),
        ("Subject: s\nContent-Type: text/plain; charset=klingon\n\nHi", "unknown_charset"),
        ("\nno headers at all", "not_a_mail"),
        ("Subject: s\n\nH\0i", "nul_byte"),
        ("Subject: s\n\n" + "x" * 101, "document_too_long"),
    ],
)
def test_a_mail_without_a_text_is_a_reject(content: str, reason: str) -> None:
    assert mail(content, max_turn_chars=100).reason == reason


def test_a_header_that_cannot_be_read_costs_nothing_but_itself() -> None:
    found = mail("Message-ID: <\nSubject: hops\nDate: soon\nFrom: (((\n\nFlowers.\n")
    assert (found.text, found.title, found.timestamp) == ("Flowers.", "hops", None)
    assert found.metadata.keys() == {"file", "position", "format", "thread", "kind"}


def test_hostile_mails_are_documents_or_rejects_soon() -> None:
    deep = "".join(
        f'Content-Type: multipart/mixed; boundary="b{i}"\n\n--b{i}\n' for i in range(2000)
    )
    assert mail(deep).reason == "too_many_parts"
    hostile = [
        "Subject: " + "=?utf-8?q?a?= " * 100_000 + "\n\nHi",
        "From: " + "(" * 100_000 + "\nSubject: s\n\nHi",
        "Content-Type: text/plain; " + "a*0*=1; " * 50_000 + "\n\nHi",
        "References: " + "<a@b> " * 100_000 + "\n\nHi",
        "Date: " + "9" * 100_000 + "\n\nHi",
        "Content-Type: text/plain; charset=" + "x" * 100_000 + "\n\nHi",
    ]
    for content in hostile:
        assert isinstance(mail(content), (Document, Reject))


def test_a_text_file_is_called_by_its_name() -> None:
    found = read({TEXT_FIELD: b"\xef\xbb\xbfHops are\r\nflowers.\r\n"}, "notes/the hops.txt.gz")
    assert (found.title, found.text) == ("the hops", "Hops are\nflowers.")
    assert found.id == read({TEXT_FIELD: b"Hops are\nflowers."}, "copy.md").id
    assert read({TEXT_FIELD: b"K\xf6ln"}, "a.txt").reason == "invalid_utf8"


def test_a_row_with_a_text_is_a_document_with_what_else_it_says() -> None:
    row = {
        "body": "Upright.",
        "id": 9,
        "thread_id": "a",
        "kind": "answer",
        "likes": 4,
        "forum": "cellar",
        "tags": ["cold", "dark"],
        "created_at": "2021-05-03T10:00:00Z",
        "subject": "Storage",
    }
    found = read(row, "a.jsonl")
    assert (found.text, found.title, found.votes) == ("Upright.", "Storage", 4)
    assert (found.community, found.timestamp) == ("cellar", 1620036000)
    metadata = found.metadata
    assert (metadata["kind"], metadata["native_id"], metadata["tags"]) == (
        "answer",
        "9",
        "cold,dark",
    )
    assert metadata["thread"] == read({"text": "x", "id": "a"}, "a.jsonl").metadata["thread"]


def test_rows_without_ids_are_threads_of_their_own() -> None:
    context = Context("a.jsonl", kind="documents")
    threads = {
        parse_row(Row({"text": "same"}, position), context)[0].metadata["thread"]
        for position in range(3)
    }
    assert len(threads) == 3


def test_html_is_read_as_html_only_where_the_field_says_so() -> None:
    assert read({"body_html": "<p>Cold.</p>"}).text == "Cold."
    assert read({"html": "<p>Cold.</p>", "text": "<p>"}).text == "<p>"


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "hi"}], "text": "hi"},
        {"prompt": "a", "chosen": "b", "rejected": "c", "text": "hi"},
        {"message_id": "a", "parent_id": None, "text": "hi", "role": "prompter"},
    ],
)
def test_conversations_and_pairs_are_no_documents(row) -> None:
    assert read(row).reason == "wrong_kind"


@pytest.mark.parametrize("row", [QUESTION, SUBMISSION, COMMENT, {"text": "hi", "title": "x"}])
def test_documents_are_no_conversations(row) -> None:
    assert parse_row(Row(row, 0), Context("f")).reason == "unknown_format"


@pytest.mark.parametrize("row", [{"name": "x"}, {"text": None}, {"text": 7}, {"text": ["a"]}])
def test_a_row_without_a_text_is_of_no_known_format(row) -> None:
    assert read(row).reason == "unknown_format"


def test_a_named_format_takes_no_other() -> None:
    assert read(SUBMISSION, format="stackexchange").reason == "wrong_format"
    assert read(SUBMISSION, format="document").metadata["kind"] == "post"
    assert read({"text": "x", **ANSWER}, format="stackexchange", source="mine").source == "mine"


@pytest.mark.parametrize("field", ["text", "body_html"])
def test_a_text_over_the_limit_is_a_reject(field: str) -> None:
    for text in ("x" * 101, "x" * 1000):
        assert read({field: text}, max_turn_chars=100).reason == "document_too_long"
    assert read({field: "x" * 100}, max_turn_chars=100).text == "x" * 100


@pytest.mark.parametrize("field", ["text", "body_html"])
def test_a_text_that_no_file_can_hold_is_a_reject_or_replaced(field: str) -> None:
    assert read({field: "half \ud800"}).reason == "lone_surrogate"
    found = read({field: "nul \0"})
    assert isinstance(found, Reject) == (field == "text")


def test_a_title_is_bounded_and_clean() -> None:
    found = read({**QUESTION, "Title": "a\0\ud800" + "b" * 5000})
    assert len(found.title) == 1000
    assert found.title.startswith("a\ufffd?bb")


def test_the_text_of_an_answer_is_that_of_its_html() -> None:
    body = "<p>One</p><ul><li>two</li></ul><pre><code>x = 1</code></pre>"
    assert read({**ANSWER, "Body": body}).text == html_text(body)
