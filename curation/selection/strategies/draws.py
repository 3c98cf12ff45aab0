"""Draws that hang on nothing but a seed and an identity."""

from schemas.ids import seed_from


def drawn(count: int, items: int, seed: int, identity: str) -> list[int]:
    """Some of the numbers below `items`, each as likely as any other, without replacement.

    >>> sorted(drawn(3, 3, 7, "a")), len(drawn(9, 4, 7, "a"))
    ([0, 1, 2], 4)
    >>> drawn(2, 100, 7, "a") == drawn(2, 100, 7, "a") != drawn(2, 100, 8, "a")
    True
    """
    places = list(range(items))
    for done in range(min(count, items)):
        other = done + seed_from(seed, f"{identity}/{done}") % (items - done)
        places[done], places[other] = places[other], places[done]
    return places[:count]
