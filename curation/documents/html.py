"""HTML as forums and mails have it, to plain text."""

from resiliparse.extract.html2text import extract_plain_text


def html_text(html: str) -> str:
    """The text of a piece of HTML, paragraph by paragraph.

    Input: a document or a fragment, well formed or not, without lone surrogates. Output: plain
    text: paragraphs apart by a blank line, lists with bullets or numbers, code with its own line
    feeds, cells of tables apart by tabs; no markup, no addresses of links, no scripts, no styles.

    >>> html_text("<p>Hops &amp; malt</p><ul><li>yeast</li></ul>")
    'Hops & malt\\n\\n  • yeast'
    """
    text: str = extract_plain_text(
        html,
        preserve_formatting=True,
        main_content=False,
        list_bullets=True,
        alt_texts=False,
        links=False,
    )
    return text.strip("\r\n")
