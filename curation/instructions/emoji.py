"""Emoji, counted as they are seen: a family, a flag and a waving brown hand are one each.

An emoji is a character that is shown in colour by itself (Unicode's `Emoji_Presentation`), or any
symbol that the variation selector U+FE0F asks to be shown so: ❤ alone is text, ❤️ is an emoji.
Joined by zero-width joiners they are one; so are two regional indicators, and a keycap.
"""

import re

_PRESENTED = (
    "\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693"
    "\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd"
    "\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf"
    "\u2b1b\u2b1c\u2b50\u2b55\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f201"
    "\U0001f21a\U0001f22f\U0001f232-\U0001f236\U0001f238-\U0001f23a\U0001f250\U0001f251"
    "\U0001f300-\U0001f320\U0001f32d-\U0001f335\U0001f337-\U0001f37c\U0001f37e-\U0001f393"
    "\U0001f3a0-\U0001f3ca\U0001f3cf-\U0001f3d3\U0001f3e0-\U0001f3f0\U0001f3f4"
    "\U0001f3f8-\U0001f43e\U0001f440\U0001f442-\U0001f4fc\U0001f4ff-\U0001f53d"
    "\U0001f54b-\U0001f54e\U0001f550-\U0001f567\U0001f57a\U0001f595\U0001f596\U0001f5a4"
    "\U0001f5fb-\U0001f64f\U0001f680-\U0001f6c5\U0001f6cc\U0001f6d0-\U0001f6d2"
    "\U0001f6d5-\U0001f6d9\U0001f6dc-\U0001f6df\U0001f6eb\U0001f6ec\U0001f6f4-\U0001f6fc"
    "\U0001f7e0-\U0001f7eb\U0001f7f0\U0001f90c-\U0001f93a\U0001f93c-\U0001f945"
    "\U0001f947-\U0001f9ff\U0001fa70-\U0001fa7c\U0001fa80-\U0001fac6\U0001fac8"
    "\U0001facc-\U0001fadd\U0001fadf-\U0001faeb\U0001faef-\U0001fafa"
)
_SYMBOLS = "\u00a9\u00ae\u203c\u2049\u2100-\u214f\u2190-\u21ff\u2300-\u23ff\u2400-\u27bf"
_SYMBOLS += "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_ONE = f"(?:[{_PRESENTED}]\ufe0f?|[{_SYMBOLS}]\ufe0f)[\U0001f3fb-\U0001f3ff]?"
_JOINED = f"(?:[{_PRESENTED}{_SYMBOLS}]\ufe0f?[\U0001f3fb-\U0001f3ff]?)"
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    f"|{_ONE}[\U000e0020-\U000e007f]*(?:\u200d{_JOINED})*"
    f"|[{_SYMBOLS}][\U0001f3fb-\U0001f3ff](?:\u200d{_JOINED})*"
)
_UNSURE = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")


def count_emoji(text: str) -> int:
    """How many emoji a text has.

    >>> count_emoji("👨‍👩‍👧 🇫🇷 👋🏾 1️⃣ ❤️"), count_emoji("❤ ™ 5")
    (5, 0)
    """
    return 0 if text.isascii() else len(_EMOJI.findall(text))


def has_unsure_symbols(text: str) -> bool:
    """Whether a text holds symbols that some readers take for emoji and that are none here.

    >>> has_unsure_symbols("I ❤ you"), has_unsure_symbols("I ❤️ you")
    (True, False)
    """
    return not text.isascii() and _UNSURE.search(_EMOJI.sub("", text)) is not None
