"""HTML to text: what a reader sees, whatever the markup."""

import pytest

from curation.documents.html import html_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hops &amp; malt</p>\n\n<p>yeast<br>water</p>", "Hops & malt\n\nyeast\nwater"),
        ("<ol><li>mash</li><li>boil</li></ol>", "  1. mash\n  2. boil"),
        ("<pre><code>if cold:\n    drink()\n</code></pre>", "if cold:\n    drink()"),
        ('a <a href="http://x/">link</a> and <img src="y" alt="z">', "a link and"),
        ("<script>alert(1)</script><style>p {}</style>text<!-- no -->", "text"),
        ("plain text & no <b>markup", "plain text & no markup"),
        ("<p>unclosed <i>and <b>crossed</i> tags</b>", "unclosed and crossed tags"),
        ("&lt;script&gt; is shown", "<script> is shown"),
        ("", ""),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, text: str) -> None:
    assert html_text(html).strip("\n") == text


@pytest.mark.parametrize("tag", ["<div>", "<ul><li>", "<b>", "<blockquote>", "<table>", "<a>"])
def test_tags_nested_thousands_of_times_do_no_harm(tag: str) -> None:
    assert html_text("before" + tag * 50_000).startswith("before")
