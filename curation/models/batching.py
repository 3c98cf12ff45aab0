"""Which pieces of work share a forward pass: as many as a budget of tokens holds."""

from collections.abc import Sequence


def plan_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group pieces of work so that no group has more tokens than the budget.

    Input: the length of each piece in tokens. Output: groups of indices, longest work first
    (what does not fit into memory shows at once); a piece above the budget is a group alone.

    >>> plan_batches([3, 9, 2, 5], budget=8)
    [[1], [3, 0], [2]]
    """
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not batches or lengths[index] > room:
            batches.append([])
            room = budget
        batches[-1].append(index)
        room -= lengths[index]
    return batches
