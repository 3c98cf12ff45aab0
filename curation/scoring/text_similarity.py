"""How alike in meaning texts are to a reference: the cosine of their sentence vectors.

Reference: Reimers & Gurevych, Sentence-BERT (arXiv 1908.10084), section 3.
"""

from collections.abc import Sequence
from typing import NamedTuple

from curation.models.sentence_encoder import SentenceEncoder


class TextSimilarityRequest(NamedTuple):
    """Ask how alike some texts are to a reference."""

    encoder: str
    """The encoder as `name@revision`, so that an answer is kept for this one alone."""
    reference: str
    texts: Sequence[str]


def text_similarities(encoder: SentenceEncoder, request: TextSimilarityRequest) -> list[float]:
    """The cosine of each text's vector with the reference's, -1 to 1, in the order asked.

    An encoder reads no more than the first some hundred tokens of a text. The texts of a request
    are encoded together and with no others, so that its answer does not depend on a batch.

    >>> from curation.models import embedded_encoder
    >>> from curation.models.sentence_encoder import open_encoder
    >>> _ = embedded_encoder.fetch(report=str)
    >>> request = TextSimilarityRequest("", "A cat sleeps.", ["A kitten naps.", "Pay your tax."])
    >>> near, far = text_similarities(open_encoder("embedded"), request)
    >>> near > 0.5 > far
    True
    """
    rows = encoder.encode([request.reference, *request.texts]).astype("float64")
    return [float(cosine) for cosine in rows[1:] @ rows[0]]
