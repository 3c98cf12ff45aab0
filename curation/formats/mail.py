"""Mails: single files, mbox archives and maildir folders, read with Python's own parser."""

import re
from collections.abc import Mapping
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import EmailPolicy, Policy
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any, cast

from curation.documents.mail import own_text
from curation.formats.context import Context
from curation.formats.documents import Post, build_document, read_html
from curation.formats.fields import seconds
from curation.reading.documentfiles import MAIL_FIELD
from curation.reading.rows import Problem, Row, storable
from schemas.records import Document

_HEADER_CHARS = 10_000
_BOUNDARY = b"boundary="
# The standard library looks at each line once for each multipart around it.
_MULTIPARTS = 20
_IN_BRACKETS = re.compile(r"<([^<>\s]{1,200})>")


class _Policy(EmailPolicy):
    """The default policy, which spends no time on headers longer than any that means something."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_HEADER_CHARS]


_PARSER = BytesParser(EmailMessage, policy=cast("Policy[EmailMessage]", _Policy()))


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row is the bytes of a mail; no row of JSON or CSV is."""
    return isinstance(value.get(MAIL_FIELD), bytes)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Document] | Problem:
    """Read a mail: its plain text, else its HTML, without quotations and signature.

    Neither sender nor recipients are kept, but for the salted hash of the sender's address. The
    subject is the title; a mailing list's id (`List-Id`) the community. The thread is that of the
    first of `References`, else of `In-Reply-To`, else the mail's own.

    Output: one document, or a `Problem`: `not_a_mail`, `too_many_parts`, `no_text` (there is
    nothing but attachments), `unknown_charset`, `empty_document` (nothing but a quotation), and
    those of every document.

    >>> value = {MAIL_FIELD: b"From: ann@example.org\\nSubject: Re: hops\\nMessage-ID: <2@x>\\n"
    ...          b"In-Reply-To: <1@x>\\n\\n> Hops?\\nYes, please.\\n-- \\nAnn"}
    >>> found = parse(value, Row(value, 0, b""), Context("a.eml"))[0]
    >>> found.text, found.title, found.parent_id, found.metadata["native_id"]
    ('Yes, please.', 'Re: hops', '1@x', '2@x')
    """
    if value[MAIL_FIELD].lower().count(_BOUNDARY) > _MULTIPARTS:
        return Problem("too_many_parts", f"more than {_MULTIPARTS} times parts within parts")
    try:
        message = _PARSER.parsebytes(value[MAIL_FIELD])
        text = _text(message, context)
        raw = {name.lower(): str(value) for name, value in message.raw_items()}
    except RecursionError:
        return Problem("not_a_mail", "parts nested too deep")
    except Exception as error:  # whatever the standard library raises at hostile headers
        return Problem("not_a_mail", f"{type(error).__name__}: {error}")
    if isinstance(text, Problem):
        return text
    before = _ids(raw.get("references"))
    answered = _ids(raw.get("in-reply-to"))[:1] or before[-1:]
    own_id, list_id = _ids(raw.get("message-id"))[:1], _ids(raw.get("list-id"))[:1]
    post = Post(
        "mail",
        own_text(text),
        title=" ".join(_header(message, "subject").split()),
        community=list_id[0] if list_id else None,
        native_id=own_id[0] if own_id else None,
        parent_id=answered[0] if answered else None,
        root_id=next(iter([*before[:1], *answered]), None),
        scope="mail" if own_id or before or answered else context.file,
        timestamp=_time(_header(message, "date")),
        author=parseaddr(_header(message, "from"))[1].lower() or None,
    )
    return build_document(post, row, context, "mail")


def _ids(header: str | None) -> list[str]:
    return [storable(found) for found in _IN_BRACKETS.findall(header or "")]


def _header(message: EmailMessage, name: str) -> str:
    """A header, decoded; nothing where the standard library fails at it, as it does at some."""
    try:
        return str(message.get(name, ""))
    except Exception:
        return ""


def _time(date: str) -> float | None:
    try:
        return seconds(parsedate_to_datetime(date))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _text(message: EmailMessage, context: Context) -> str | Problem:
    if not message.keys():
        return Problem("not_a_mail", "there are no headers")
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None or part.is_multipart():
        return Problem("no_text", "no part is plain text or HTML")
    text = _decoded(part)
    if isinstance(text, Problem) or part.get_content_subtype() != "html":
        return text
    return read_html(text, context)


def _decoded(part: MIMEPart) -> str | Problem:
    """The text of a part: in the charset that it names, else in UTF-8, else with what is lost."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return Problem("no_text", "the text has no content")
    named = str(part.get_content_charset("utf-8"))
    for charset in (named, "utf-8"):
        try:
            return content.decode(charset)
        except UnicodeDecodeError:
            continue
        except (LookupError, ValueError):
            return Problem("unknown_charset", f"{charset[:60]!r} is no charset")
    return content.decode(named, "replace")
