"""The audit of a snapshot as a section of its card."""

from collections.abc import Mapping
from typing import Any

from sinks.markdown import escape, markdown_table

_WORDS = 5


def audit_section(audit: Mapping[str, Any]) -> str:
    """Write the section about an audit.

    Input: `audit.json` as values (`curation.audit.figure.Audit.as_json`). Output: Markdown of which
    all that comes from data is escaped.

    >>> empty = {"pairs": 0, "sampled": 0, "encoder": "static", "warnings": [], "figures": []}
    >>> print(audit_section({**empty, "settings": {}}).splitlines()[0])
    ## Audit
    """
    figures = [figure for figure in audit["figures"] if figure["value"] is not None]
    warned = [figure for figure in figures if figure["warns"]]
    silent = len(audit["figures"]) - len(figures)
    rate = audit["settings"].get("false_alarm_rate", 0.0)
    intro = (
        f"{audit['pairs']:,} pairs were looked at for what gives the chosen reply away, "
        f"{audit['sampled']:,} of them by words and embeddings ({escape(audit['encoder'])}). A "
        "figure warns beyond its threshold where labels drawn by a coin would not say as much; "
        f"then it would do so in at most {rate:.1%} of datasets. "
        f"**{len(warned) or 'No'} {'warning' if len(warned) == 1 else 'warnings'}.** "
        f"{silent} figures have nothing to look at. All of it is in `audit.json`."
    )
    rows = (
        (
            figure["name"],
            _number(figure["value"]),
            _number(figure["threshold"]),
            figure["pairs"],
            "warns" if figure["warns"] else "",
            figure["meaning"],
        )
        for figure in [*warned, *(figure for figure in figures if not figure["warns"])]
    )
    head = ("Figure", "Value", "Threshold", "Pairs", "", "Meaning")
    parts = ["## Audit", intro, markdown_table(head, rows) if figures else "", _words(figures)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _words(figures: list[Mapping[str, Any]]) -> str:
    """The top n-grams of each side in one line."""
    details = [
        row
        for figure in figures
        if figure["name"] == "words.one_sided"
        for row in figure["details"]
    ]
    lines = []
    for side, sign in (("chosen", 1), ("rejected", -1)):
        ranked = sorted((row for row in details if row["z"] * sign > 0), key=lambda r: -abs(r["z"]))
        if ranked:
            listed = ", ".join(f"\u201c{escape(row['n_gram'])}\u201d" for row in ranked[:_WORDS])
            lines.append(f"N-grams that stand for the {side} side: {listed}.")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
