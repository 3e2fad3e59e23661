"""Keeping small numbers out of a report, together with every number that would tell them.

A number from 1 to 4 about children can point at one of them. It is shown as "<5", and others are withheld until no
hidden number can be worked out: for each there must be another set of whole numbers, different in that cell, which
agrees with everything that is shown. Such a set is looked for and found, cell by cell; where none is found, one
number more is withheld. Being unable to solve for a cell by linear arithmetic follows from it.
Source: domain facts F4 (suppress 1 to 4, with the next smallest cell of the row or column).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from reporting.measures.sheet import SMALLEST_SHOWN, Hidden, Sheet, Shown, Sum

# A search that takes longer counts as failed, and one number more is withheld: never the other way round.
MOST_TRIES = 20_000


@dataclass
class _Protection:
    """What is hidden so far, and what a reader who knows the method may take for granted of each hidden cell.

    A withheld cell is taken to be 5 or more, because a smaller one would read "<5"; `loose` cells are withheld
    though they may be smaller, so that of them nothing is known.
    """

    sheet: Sheet
    hidden: dict[str, Hidden] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)

    def allows(self, key: str, value: int) -> bool:
        if key in self.loose:
            return value >= 0
        if self.hidden[key] == Hidden.SMALL:
            return 1 <= value < SMALLEST_SHOWN
        return value >= SMALLEST_SHOWN

    def has_another_world(self, key: str) -> bool:
        """Whether other numbers, different in this cell, agree with everything that is shown."""
        return any(_mend(self, {key: step}, _Tries()) for step in (1, -1) if self._fits(key, step))

    def _fits(self, key: str, step: int) -> bool:
        return self.allows(key, self.sheet.values[key] + step)

    def moves(self, each: Sum, moved: Mapping[str, int], step: int) -> Iterator[tuple[str, int]]:
        """Hidden cells of a sum that may still move so that the sum comes out by `step` less than it does."""
        for key in each.cells:
            if key in self.hidden and key not in moved:
                change = -step * each.sign_of(key)
                if self._fits(key, change):
                    yield key, change

    def told(self) -> list[str]:
        """The hidden cells that what is shown still tells."""
        return [key for key in sorted(self.hidden) if not self.has_another_world(key)]

    def hide_one_more(self, key: str) -> None:
        """Withhold one cell more to protect `key`: one after which little is told, near, a part before a total, small.

        Where only zeros and hidden cells are left, a hidden cell tells less from now on. Each call moves one cell
        from shown to hidden or from hidden to loose, so that there is an end.
        """
        values, totals = self.sheet.values, {each.total for each in self.sheet.sums}
        near = self._by_distance(key)

        def cost(other: str) -> tuple[int, bool, int, str]:
            return near[other], other in totals, values[other], other

        def left_told(other: str) -> int:
            return len(replace(self, hidden={**self.hidden, other: Hidden.WITHHELD}).told())

        large = [other for other in near if other not in self.hidden and values[other] >= SMALLEST_SHOWN]
        if large:
            self.hidden[min(large, key=lambda other: (left_told(other), cost(other)))] = Hidden.WITHHELD
            return
        tight = [other for other in near if other in self.hidden and other not in self.loose]
        sums = [other for other in tight if other in totals]
        zeros = [other for other in near if other not in self.hidden]
        loosened = min(sums or zeros or tight, key=cost)
        self.hidden[loosened] = Hidden.WITHHELD
        self.loose.add(loosened)

    def _by_distance(self, key: str) -> dict[str, int]:
        """Every cell that hangs together with this one, by the number of sums between them."""
        distance, reached = 0, {key: 0}
        while True:
            distance += 1
            touching = [each for each in self.sheet.sums if not reached.keys().isdisjoint(each.cells)]
            new = {cell for each in touching for cell in each.cells} - reached.keys()
            if not new:
                return reached
            reached |= dict.fromkeys(new, distance)


@dataclass
class _Tries:
    left: int = MOST_TRIES


def _mend(protection: _Protection, moved: dict[str, int], tries: _Tries) -> bool:
    """Move hidden cells by one each until every sum holds again; `moved` is left as it was where that fails."""
    tries.left -= 1
    if tries.left < 0:
        return False
    for each in protection.sheet.sums:
        off = sum(each.sign_of(key) * moved.get(key, 0) for key in each.cells)
        if off == 0:
            continue
        for key, change in protection.moves(each, moved, 1 if off > 0 else -1):
            if _mend(protection, {**moved, key: change}, tries):
                return True
        return False
    return True


def protect(sheet: Sheet) -> dict[str, Shown]:
    """What may be shown of each cell of a sheet: its number, or why it is hidden.

    0 is shown; 1 to 4 are not; of the others as few as this method finds are withheld. The same sheet gives the
    same answer.
    """
    protection = _Protection(sheet)
    for key, value in sheet.values.items():
        if 1 <= value < SMALLEST_SHOWN:
            protection.hidden[key] = Hidden.SMALL
    while told := protection.told():
        protection.hide_one_more(told[0])
    return {key: protection.hidden.get(key, value) for key, value in sheet.values.items()}
