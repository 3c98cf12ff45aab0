"""What a question must not take from the text that answers it: its wording, and its name.

A question that is asked without the text may neither copy a piece of it nor speak of "the text"
or "the author". Both checks compare words as `curation.feedback.wording` does: without case,
accents, apostrophes and invisible characters, Chinese and Japanese characters one by one.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import islice

from curation.feedback.wording import PAUSES, tokens

_STEM = 5
"""Letters that may follow a stem, which is written with a hyphen at its end."""

# Of each language: what comes before the noun, what may stand between them, the nouns, and phrases
# on their own. Accents and apostrophes are left out here as in what they are compared with.
_NAMES = {
    "en": (
        "the this that these those",
        "above given provided following original accepted previous preceding quoted entire whole "
        "first last final short",
        "text texts passage passages article articles answer answers author authors writer writers "
        "paragraph paragraphs excerpt excerpts document poster snippet narrator sentence sentences",
        "this post|this comment|this reply|this response|this review|this blog|this essay|"
        "this message|this story|this piece|the post|the comment|the reply|the response|the blog|"
        "the above|mentioned above|described above|stated above|mentioned here|described here|"
        "the op|the following|your answer|your post|your text",
    ),
    "de": (
        "der die das den dem des dieser diese dieses diesen diesem im vom zum",
        "obige obigen obiger genannte genannten folgende folgenden ursprungliche gegebene",
        "text texts textes texten artikel artikels beitrag beitrags absatz absatzes antwort "
        "antworten autor autors autorin autoren verfasser verfassers verfasserin schreiber "
        "schreibers auszug auszugs abschnitt abschnitts passage kommentar kommentars",
        "oben genannt|oben genannte|oben genannten|oben erwahnt|oben beschrieben|oben stehend-|"
        "dieser post|diesem post|der post|dem post|laut text|laut autor|in deiner antwort",
    ),
    "fr": (
        "le la les l ce cet cette ces du au des",
        "present presente",
        "texte textes passage passages article articles auteur auteurs auteure autrice reponse "
        "reponses paragraphe paragraphes extrait extraits phrase document commentaire commentaires",
        "lauteur|lautrice|larticle|lextrait|selon lauteur|ci dessus|cidessus|ce message|ce post|"
        "le post|ce billet|dans ta reponse|dans votre reponse",
    ),
    "es": (
        "el la los las este esta estos estas ese esa del al",
        "anterior siguiente presente",
        "texto textos pasaje pasajes articulo articulos autor autora autores respuesta respuestas "
        "parrafo parrafos extracto extractos fragmento comentario comentarios escritor escritora",
        "este mensaje|este post|el post|esta publicacion|la publicacion|arriba mencionad-|"
        "mencionado arriba|segun el autor|en tu respuesta",
    ),
    "pt": (
        "o a os as este esta esse essa neste nesta nesse nessa no na do da ao",
        "seguinte presente",
        "texto textos trecho trechos artigo artigos autor autora autores paragrafo paragrafos "
        "comentario comentarios",
        "acima mencionad-|mencionado acima|este post|esse post|o post|esta resposta|essa resposta|"
        "na resposta|a resposta",
    ),
    "ru": (
        "этот этом этого этому эта этои эту этих в данныи данном данного",
        "приведенн-",
        "текст- стать- отрывк- отрывок пост посте поста ответ ответе ответа сообщени- абзац- "
        "комментари-",
        "автор|автора|автору|автором|авторы|выше упомянут-|вышеупомянут-|упомянут- выше",
    ),
    "zh": (
        "",
        "",
        "",
        "这篇|這篇|本文|该文|該文|文中|文章中|文章里|文章裡|原文|上文|上述|这段|這段|该段|"
        "該段|这个回答|這個回答|该回答|該回答|这个答案|這個答案|该答案|該答案|答案中|回答中|作者|"
        "笔者|筆者|文本|这个帖子|這個帖子|该帖|該帖|帖子|楼主|樓主|这条评论|這條評論",
    ),
    "ja": (
        "",
        "",
        "",
        "この文|その文|この記事|その記事|本文|この投稿|その投稿|この回答|その回答|この答え|"
        "作者|著者|筆者|上記|文章中|このテキスト|このコメント",
    ),
}


def leaks(question: str, text: str, longest: int) -> bool:
    """Whether a question shares more words in a row with a text than it may.

    Input: the question, the text. Parameters: `longest`, the most words in a row that both may
    have. Words are taken in three ways, and any of them suffices: as `tokens` takes them, between
    blanks, and as runs of letters and digits; so no other count of words finds a longer copy.

    >>> text = "Citra hops have fairly high alpha acids and total oil contents."
    >>> leaks("Do citra hops have fairly high levels of anything?", text, 5)
    False
    >>> leaks("Do citra hops have fairly high alpha acids?", text, 5)
    True
    """
    return any(
        _share(asked, said, longest + 1)
        for asked, said in zip(_views(question), _views(text), strict=True)
    )


def names_the_text(question: str) -> bool:
    """Whether a question speaks of the text, the post, the answer or its author.

    In English, German, French, Spanish, Portuguese, Russian, Chinese and Japanese, whichever the
    question is in. What only looks so ("the article of the constitution") is refused as well:
    another question costs less than one that nobody can answer.

    >>> names_the_text("Why does the author prefer ale?"), names_the_text("Why is ale preferred?")
    (True, False)
    >>> names_the_text("这篇文章的主要观点是什么？"), names_the_text("¿Qué dice el texto?")
    (True, True)
    """
    return bool(_pattern().search(f" {' '.join(_words(question))} "))


def _share(asked: Sequence[str], said: Sequence[str], n: int) -> bool:
    """Whether two sequences have n items in a row in common."""
    grams = set(_grams(asked, n))
    return bool(grams) and any(gram in grams for gram in _grams(said, n))


def _grams(items: Sequence[str], n: int) -> zip:
    return zip(*(islice(items, start, None) for start in range(n)), strict=False)


@lru_cache(maxsize=8)
def _views(text: str) -> tuple[list[str], list[str], list[str]]:
    visible = _visible(text)
    folded = unicodedata.normalize("NFKC", visible).casefold()
    return _words(visible), folded.split(), re.findall(r"\w+", folded)


def _words(text: str) -> list[str]:
    return [token for token in tokens(_visible(text)) if token not in PAUSES]


def _visible(text: str) -> str:
    """The text without invisible characters, which would part a word in two."""
    if text.isascii():
        return text
    hidden = [c for c in set(text) if unicodedata.category(c) == "Cf"]
    return text.translate(dict.fromkeys(map(ord, hidden)))


@cache
def _pattern() -> re.Pattern[str]:
    """All names of the text, over words that stand between single spaces; linear."""
    names = []
    for before, between, nouns, phrases in _NAMES.values():
        names += [_in_words(phrase) for phrase in phrases.split("|")]
        if nouns:
            adjectives = f"(?:(?:{_any_of(between)}) ){{0,2}}"
            names.append(f"(?:{_any_of(before)}) {adjectives}(?:{_any_of(nouns)})")
    return re.compile(f" (?:{'|'.join(names)})(?= )")


def _any_of(words: str) -> str:
    return "|".join(_in_words(word) for word in words.split())


def _in_words(phrase: str) -> str:
    """A phrase as the question's words are compared; a stem may go on."""
    return " ".join(
        re.escape(" ".join(_words(word))) + (rf"\w{{0,{_STEM}}}" if word.endswith("-") else "")
        for word in phrase.split()
    )
