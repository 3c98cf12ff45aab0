"""What can go wrong in a worked solution: a digit, a unit; and the check that it really does."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from curation.synthesis.reasoning_answer import same_answer
from curation.synthesis.reasoning_carry import Slip, carried, rewritten
from curation.synthesis.reasoning_numbers import slips
from curation.synthesis.reasoning_solution import Solution, parse
from curation.synthesis.reasoning_units import renamed

MAX_TRIES = 16
"""Most places of one solution that a kind of corruption is tried at."""

Draw = Callable[[str], float]
"""Gives each place and change its rank, from 0 to 1."""


class Corruption(NamedTuple):
    """A solution that has gone wrong."""

    text: str
    what: str
    """What was changed, in words."""


def digits(solution: Solution, given: frozenset[Fraction], draw: Draw) -> Iterator[Corruption]:
    """Change a digit of a number in a step and carry it to the end.

    The number is a result or an operand of visible arithmetic, or one in words that repeats or
    foretells the answer. Four times as many places as of other kinds are tried, because most
    changes would make some later result crooked. Parameters: `given`, the numbers of the question.
    """
    places = []
    for index in _sites(solution):
        number = solution.numbers[index]
        for value in slips(number.value, number.format):
            if number.sign == "%" and number.value <= 100 < value:
                continue
            places.append((draw(f"{index} {value}"), index, value))
    for _, index, value in sorted(places)[: 4 * MAX_TRIES]:
        changes = carried(solution, Slip({index: value}), given)
        if changes and changes.get(index) == value and _reaches_answer(solution, changes):
            text = rewritten(solution, changes)
            number = solution.numbers[index]
            wrong = int(_is_result(solution, index))
            if differs(solution, text, wrong):
                new = rewritten(solution, {index: value}, number.start, number.end)
                old = solution.text[number.start : number.end]
                yield Corruption(text, f"{old} became {new}, and so what follows from it")


def units(solution: Solution, given: frozenset[Fraction], draw: Draw) -> Iterator[Corruption]:
    """Give the answer in another unit of the same quantity, with the same number.

    Wherever the reply names that number with that unit, it names the other unit.
    """
    answer = solution.answer
    if answer is None or answer.unit is None:
        return
    at = answer.unit
    rivals = sorted(at.unit.rivals, key=lambda rival: draw(f"unit {rival}"))
    value = solution.numbers[answer.numbers[-1]].value
    for rival in rivals:
        parts, behind = [], 0
        for number in solution.numbers:
            unit = number.unit
            if unit and unit.unit == at.unit and unit.power == at.power and number.value == value:
                found = solution.text[unit.start : unit.end]
                parts += [solution.text[behind : unit.start], renamed(found, unit.unit, rival)]
                behind = unit.end
        parts.append(solution.text[behind:])
        whole = [part for part in parts if part is not None]
        if len(whole) == len(parts) and differs(solution, "".join(whole), None):
            yield Corruption("".join(whole), f"{at.unit.spellings[0]} became {rival}")


def differs(solution: Solution, text: str, wrong: int | None, removed: int = 0) -> bool:
    """Whether a corrupted text still ends in an answer, another one, and is consistent.

    The answer is read off anew. Parameters: `wrong`, how many equations more do not hold, None
    where that is not looked at; `removed`, how many are gone.
    """
    new = parse(text)
    if solution.answer is None or new.answer is None or text == solution.text:
        return False
    if new.answer.form != solution.answer.form or same_answer(solution.answer, new.answer):
        return False
    if wrong is None:
        return True
    broken, was_broken = (sum(c.verdict != "holds" for c in s.chains) for s in (new, solution))
    return broken == was_broken + wrong and len(new.chains) == len(solution.chains) - removed


def shown(solution: Solution, start: int, end: int) -> str:
    """A piece of a solution for a reader: on one line, short, in quotation marks."""
    words = " ".join(solution.text[start:end].split())
    return f'"{words:.80}"'


def _sites(solution: Solution) -> list[int]:
    """Numbers of steps that may hold a slip: before the one that is the answer."""
    answer = solution.answer
    if answer is None:
        return []
    final = {solution.numbers[i].value for i in answer.numbers if len(answer.numbers) == 1}
    home = {i: chain for chain in solution.chains for i in chain.numbers()}
    copies = {
        i for chain in solution.chains for result in chain.results()[1:] for i in result.numbers()
    }
    found = []
    for i, number in enumerate(solution.numbers[: answer.numbers[0]]):
        chain = home.get(i)
        if chain is not None:
            fits = chain.verdict == "holds" and i not in copies
        else:
            stated = number.start < answer.start and i not in solution.frozen
            fits = stated and number.value in final
        if fits:
            found.append(i)
    return found


def _is_result(solution: Solution, index: int) -> bool:
    return any(index in r.numbers() for chain in solution.chains for r in chain.results())


def _reaches_answer(solution: Solution, changes: dict[int, Fraction]) -> bool:
    return solution.answer is not None and any(i in changes for i in solution.answer.numbers)
