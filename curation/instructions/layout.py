"""Instructions about the form of a reply: lists, headings, tables, code, JSON, bold text."""

import orjson

from curation.instructions.counted import at_least, exactly
from curation.instructions.kind import Kind, flag
from curation.instructions.view import BLANKS, View


def _is_json_object(view: View) -> bool:
    if not (view.text.startswith("{") and view.text.endswith("}")):
        return False
    try:
        return isinstance(orjson.loads(view.text), dict)
    except ValueError:
        return False


def _is_json_in_a_fence(view: View) -> bool:
    return view.fences == 1 and not any(line.strip() for line in view.outside)


def _begins_with_a_title(view: View) -> bool:
    line = view.first_line
    inside = line[2:-2].strip(BLANKS)
    return (
        line.startswith("<<")
        and line.endswith(">>")
        and any(map(str.isalnum, inside))
        and not ("<" in inside or ">" in inside)
    )


def _placeholders(view: View) -> int:
    # A link's text, a check box and a footnote's mark stand in brackets and are to be left there.
    found = 0
    for line in view.outside:
        for piece in line.split("[")[1:] if "[" in line else ():
            inside, closed, after = piece.partition("]")
            named = any(map(str.isalpha, inside)) and inside.strip().casefold() != "x"
            if closed and named and not after.startswith(("(", "[")):
                found += 1
    return found


LAYOUT: tuple[Kind, ...] = (
    exactly(
        "bullets_exactly",
        "list",
        lambda view: view.bullets,
        "Include exactly {n} bullet points.",
        "Your reply should hold {n} bullet points, no more and no fewer.",
        "Use a bulleted list, with {n} bullet points in the whole reply.",
        low=2,
        fits=lambda view: not view.is_nested,
    ),
    exactly(
        "numbered_exactly",
        "list",
        lambda view: view.numbered,
        "Include exactly {n} numbered points (1., 2., …).",
        "Use a numbered list, with {n} points in the whole reply.",
        low=2,
        fits=lambda view: not view.is_nested,
    ),
    flag(
        "no_list",
        "list",
        lambda view: not view.bullets and not view.numbered,
        "Do not use any bulleted or numbered list.",
        "Write without lists: no bullet points, no numbered points.",
        fits=lambda view: not view.fences or view.bullets + view.numbered > 0,
    ),
    exactly(
        "headings_exactly",
        "headings",
        lambda view: view.headings,
        "Use exactly {n} Markdown heading{s} (lines that begin with #).",
        "Structure your reply with {n} Markdown heading{s}, no more and no fewer.",
    ),
    flag(
        "no_headings",
        "headings",
        lambda view: not view.headings,
        "Do not use Markdown headings.",
        "Your reply must have no lines that are headings with #.",
        fits=lambda view: not view.fences or view.headings > 0,
    ),
    flag(
        "title_line",
        "title",
        _begins_with_a_title,
        "Begin with a title on a line of its own, in double angle brackets, such as <<title>>.",
        "The first line must be a title, wrapped like this: <<title>>.",
        fits=lambda view: _begins_with_a_title(view) or "<<" not in view.text,
    ),
    flag(
        "json_only",
        "json",
        _is_json_object,
        "Reply with one JSON object and nothing else.",
        "Your whole reply must be a single valid JSON object, without a code fence.",
        fits=lambda view: not _is_json_in_a_fence(view),
    ),
    flag(
        "code_block",
        "code",
        lambda view: view.fences > 0,
        "Include a fenced code block (```).",
        "There must be at least one code block between lines of three backticks.",
        fits=lambda view: bool(view.fences) or "```" not in view.text,
    ),
    flag(
        "no_code_block",
        "code",
        lambda view: not view.fences,
        "Do not use fenced code blocks.",
        "Reply without any code block between backticks.",
        fits=lambda view: bool(view.fences) or "```" not in view.text,
    ),
    flag(
        "table",
        "table",
        lambda view: view.tables > 0,
        "Include a Markdown table.",
        "Put a part of your reply into a Markdown table.",
    ),
    flag(
        "no_table",
        "table",
        lambda view: not view.tables,
        "Do not use a table.",
        "Your reply must not have a Markdown table in it.",
        fits=lambda view: bool(view.tables) or "|" not in view.text,
    ),
    at_least(
        "bold_at_least",
        "bold",
        lambda view: view.bold,
        "Set at least {n} word{s} or phrase{s} in bold, like **this**.",
        "Highlight {n} or more parts with Markdown bold (**…**).",
    ),
    flag(
        "no_bold",
        "bold",
        lambda view: not view.bold,
        "Do not set anything in bold.",
        "Use no Markdown bold (**…**).",
        fits=lambda view: bool(view.bold) or "**" not in view.text,
    ),
    at_least(
        "placeholders_at_least",
        "placeholders",
        _placeholders,
        "Use at least {n} placeholder{s} in square brackets, such as [name].",
        "Leave {n} or more gaps to be filled in, in square brackets such as [address].",
    ),
)
"""All kinds about layout."""
