"""A process that keeps answers in a store, so that a test can run several or kill one.

Arguments: the store, a run, the first number, how many batches. Output: a line for each batch
that is kept, after `put` has returned.
"""

import sys

from transforms.memo_store import MemoStore

BATCH = 10


def key(number):
    """Key of a number."""
    return number.to_bytes(16, "big")


def value(number):
    """Answer to a number, the same from every writer."""
    return b'["answer %d"]' % number


def main():
    """Keep batch after batch."""
    root, run, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    store = MemoStore(root, run)
    for batch in range(count):
        numbers = range(first + batch * BATCH, first + (batch + 1) * BATCH)
        store.put("generate", "m@r", [key(n) for n in numbers], [value(n) for n in numbers])
        print(batch, flush=True)


if __name__ == "__main__":
    main()
