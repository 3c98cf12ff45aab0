"""Threads of documents: questions or submissions, and what was answered to them.

The documents of one thread come in any order and name their parent by its native id. They are put
together again without recursion, so that neither depth nor size nor a cycle hurts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from schemas.errors import UsageError
from schemas.records import Document, Message

ROOT_KINDS = ("question", "submission", "post")
"""Kinds of documents that can open a thread."""
ANSWER_KINDS = ("answer", "comment", "post")
"""Kinds of documents that can answer another one."""


class Question(NamedTuple):
    """A document that was answered, with the way that leads to it and its answers."""

    chain: tuple[Document, ...]
    """From the root to the document that is answered; an odd number of documents, whose roles
    alternate: user, assistant, user."""
    answers: tuple[Document, ...]
    """Documents that answer the last one of the chain, the earliest in the input first."""


class Threaded(NamedTuple):
    """What the documents of one thread are."""

    questions: tuple[Question, ...]
    """Those that have an answer, root first, then in the order of the input."""
    orphans: tuple[Document, ...]
    """Documents that lead to no root: their parent is not there, or they lead to each other."""
    deeper: tuple[Document, ...]
    """Documents below a root that are no answer: in the user's place, or below `max_depth`."""
    copies: int
    """Documents whose native id was there already."""


def rebuild(documents: Iterable[Document], max_depth: int = 1) -> Threaded:
    """Put the documents of one thread together.

    Input: all documents of one `metadata["thread"]`, in any order; a document names its parent's
    `metadata["native_id"]` in `parent_id`. Parameters: `max_depth`, how far below the root an
    answer may be: 1 takes answers to the root alone; 3 also what answers a comment on an answer,
    where root and comment are a user's turns and the answer between them is an assistant's.
    Output: `Threaded`. Of documents with the same native id the first by file and position is
    kept.

    Raises: UsageError for a depth below 1.

    >>> def post(native, parent, text):
    ...     at = {"native_id": native, "kind": "answer" if parent else "question"}
    ...     return Document(native, text, None, None, 1, parent, "demo", None, at)
    >>> posts = [post("2", "1", "Four."), post("1", None, "2 + 2?"), post("9", "8", "Why?")]
    >>> thread = rebuild(posts)
    >>> [(q.chain[-1].text, [a.text for a in q.answers]) for q in thread.questions]
    [('2 + 2?', ['Four.'])]
    >>> [d.text for d in thread.orphans]
    ['Why?']
    """
    if max_depth < 1:
        raise UsageError(f"max_depth={max_depth}: an answer is at least one step below the root")
    known: dict[str, Document] = {}
    copies = 0
    for document in sorted(documents, key=place):
        copies += native_id(document) in known
        known.setdefault(native_id(document), document)
    roots = [native for native, document in known.items() if is_root(document)]
    children = _children(known, set(roots))
    questions: list[Question] = []
    deeper: list[Document] = []
    reached = set(roots)
    level: list[tuple[tuple[Document, ...], str]] = [((known[native],), native) for native in roots]
    for depth in range(1, len(known) + 1):
        below = []
        for chain, native in level:
            found = children.get(native, ())
            reached.update(found)
            replies = tuple(known[child] for child in found)
            # A chain of odd length ends with a user, so what follows is an assistant's turn.
            if depth <= max_depth and depth % 2 and replies:
                questions.append(Question(chain, replies))
            elif replies:
                deeper += replies
            # Beyond the depth no chain is needed: it would cost a deep thread its square.
            way = chain if depth < max_depth else ()
            below += [(((*way, known[child]) if way else ()), child) for child in found]
        if not below:
            break
        level = below
    orphans = tuple(document for native, document in known.items() if native not in reached)
    return Threaded(tuple(questions), orphans, tuple(deeper), copies)


def prompt_of(chain: Sequence[Document]) -> tuple[Message, ...]:
    """The documents that lead to an answer as the history of a conversation.

    Output: alternating messages of user and assistant; the root with its title, see `opening`.

    >>> asked = Document("i", "Is it a hop?", "Citra", None, 3, None, "demo", None, {})
    >>> prompt_of([asked])
    (Message(role='user', content='Citra\\n\\nIs it a hop?'),)
    """
    texts = [opening(chain[0]), *(document.text.strip() for document in chain[1:])]
    return tuple(Message(("user", "assistant")[i % 2], text) for i, text in enumerate(texts))


def opening(document: Document) -> str:
    """Title, blank line, text; the title alone where there is no text, and never twice.

    >>> opening(Document("i", "Why?\\nTell me.", "Why?", None, 3, None, "demo", None, {}))
    'Why?\\nTell me.'
    """
    title, text = (document.title or "").strip(), document.text.strip()
    if not title or not text:
        return title or text
    first_line = text.partition("\n")[0].strip()
    return text if first_line == title else f"{title}\n\n{text}"


def is_root(document: Document) -> bool:
    """Whether a document can open a thread: it has no parent and is no answer by kind."""
    return document.parent_id is None and kind(document) in ROOT_KINDS


def is_answer(document: Document) -> bool:
    """Whether a document can answer another one: it has a parent, and a kind that answers."""
    return document.parent_id is not None and kind(document) in ANSWER_KINDS


def kind(document: Document) -> str:
    """What a document is, as its reader says; `post` where it says nothing."""
    return document.metadata.get("kind", "post")


def native_id(document: Document) -> str:
    """The document's id in its source; its own where the source gave none."""
    return document.metadata.get("native_id") or document.id


def place(document: Document) -> tuple[str, int, str, str]:
    """Where a document stands in the input: an order of copies, whatever order they came in."""
    position = document.metadata.get("position", "-1")
    number = int(position) if position.removeprefix("-").isdecimal() else -1
    return document.metadata.get("file", ""), number, native_id(document), document.id


def _children(known: Mapping[str, Document], roots: set[str]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for native, document in known.items():
        parent = document.parent_id
        if native not in roots and parent is not None and parent in known:
            children.setdefault(parent, []).append(native)
    return children
