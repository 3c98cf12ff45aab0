"""A step of a worked solution is left out."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from curation.synthesis.reasoning_carry import Slip, carried, rewritten
from curation.synthesis.reasoning_corruption import MAX_TRIES, Corruption, Draw, differs, shown
from curation.synthesis.reasoning_equations import Chain, Node
from curation.synthesis.reasoning_lexemes import Number
from curation.synthesis.reasoning_solution import MARKER, Part, Solution

SLACK = 2
"""Decimals that a result of wrongly ordered steps may have more than the right one."""


def steps(solution: Solution, given: frozenset[Fraction], draw: Draw) -> Iterator[Corruption]:
    """Leave a step out: what follows takes what the step began with for its result.

    At least one other step stays. Numbered steps behind it are numbered anew. Parameters: `given`,
    the numbers of the question.

    >>> from curation.synthesis.reasoning_solution import parse
    >>> found = parse("1. 3 * 4 = 12\\n2. 12 * 10 = 120\\n3. 120 + 5 = 125\\n\\n#### 125")
    >>> print(next(steps(found, frozenset(), lambda place: place != "step 1 12")).text)
    1. 3 * 4 = 12
    2. 12 + 5 = 17
    <BLANKLINE>
    #### 17
    """
    places = []
    known = [(chain.numbers()[-1], result_of(solution, chain).value) for chain in solution.chains]
    for at, part in enumerate(arithmetic_parts(solution)):
        chains = solution.inside(part)
        if len(chains) == len(solution.chains):
            continue  # Without it nothing would be calculated at all.
        for value in _inputs(solution, chains, known):
            places.append((draw(f"step {at} {value}"), at, part, chains, value))
    for _, _, part, chains, value in sorted(places, key=lambda p: p[:2])[:MAX_TRIES]:
        results = [result_of(solution, chain).value for chain in chains]
        begin, start = solution.span(part)
        slip = Slip(
            results={results[-1]: value},
            gone=frozenset(results[:-1]) - {results[-1]},
            start=start,
            begin=begin,
            slack=SLACK,
        )
        changes = carried(solution, slip, given)
        if changes:
            after = rewritten(solution, changes, part.end)
            text = _before(solution, part) + _renumbered(after, solution.text[part.start :])
            if differs(solution, text, 0, len(chains)):
                yield Corruption(text, f"left out is {shown(solution, part.start, part.end)}")


def arithmetic_parts(solution: Solution) -> list[Part]:
    """Parts before the answer that hold arithmetic, all of which is right."""
    if solution.answer is None:
        return []
    found = []
    for part in solution.parts:
        if part.end <= solution.answer.start:
            chains = solution.inside(part)
            if chains and all(chain.verdict == "holds" for chain in chains):
                found.append(part)
    return found


def result_of(solution: Solution, chain: Chain) -> Number:
    """The number that a chain ends in."""
    return number_of(solution, chain.results()[-1])


def number_of(solution: Solution, node: Node) -> Number:
    """The number of a node that is one, or a percentage."""
    return solution.numbers[node.numbers()[0]]


def _inputs(
    solution: Solution, chains: Sequence[Chain], known: Sequence[tuple[int, Fraction]]
) -> list[Fraction]:
    """What may be taken for the result of a step: results of earlier ones, else its first number.

    It measures the same as the result, as far as signs and units say.
    """
    operands = chains[0].segments[0].numbers()
    earlier = {value for last, value in known if last < operands[0]}
    result = result_of(solution, chains[-1])
    found = [solution.numbers[i] for i in operands]
    begun = [n for n in found if n.value in earlier] or found[:1]
    like = [n.value for n in begun if n.value != result.value and n.measures_like(result)]
    return list(dict.fromkeys(like))


def _before(solution: Solution, part: Part) -> str:
    """Text before a step that is left out, with its blank line where it had one."""
    before = solution.text[: part.start]
    kept, step = before.rstrip(), solution.text[part.start : part.end]
    blanks = max(before[len(kept) :], step[len(step.rstrip()) :], key=lambda b: b.count("\n"))
    return kept + blanks if kept else before


def _renumbered(after: str, before: str) -> str:
    """Text behind a step that was left out, its numbered steps counted down."""
    gone = MARKER.match(before)
    if not gone:
        return after
    expected, parts, at = int(gone["number"]) + 1, [], 0
    for marker in MARKER.finditer(after):
        if int(marker["number"]) != expected:
            break
        parts += [after[at : marker.start("number")], str(expected - 1)]
        at = marker.end("number")
        expected += 1
    return "".join([*parts, after[at:]])
