# SPDX-License-Identifier: Apache-2.0
"""The one table: goal, peer, ours, ratio, and whether the figure to reach and the goal are met."""

from dataclasses import dataclass
from typing import Optional


@dataclass
class Bound:
    """A limit on the ratio, or, with a unit, on our own figure."""

    relation: str  # ">=" or "<="
    limit: float
    unit: str = "x"

    def holds(self, row):
        value = row.ratio if self.unit == "x" else row.value
        if value is None:
            return None
        return value >= self.limit if self.relation == ">=" else value <= self.limit

    def text(self, row, yes, no):
        holds = self.holds(row)
        sign = "≥" if self.relation == ">=" else "≤"
        unit = "×" if self.unit == "x" else " " + self.unit
        return f"{sign} {self.limit:g}{unit} " + ("?" if holds is None else yes if holds else no)


@dataclass
class Row:
    goal: str
    what: str
    peer: str = ""
    peer_figure: str = ""
    ours: str = ""
    ratio: Optional[float] = None  # Ours to the peer's, larger or smaller being better as the bound says.
    value: Optional[float] = None  # Ours, in the unit of the bounds.
    to_reach: Optional[Bound] = None
    aim: Optional[Bound] = None
    note: str = ""

    def cells(self):
        return (self.goal, self.what, self.peer, self.peer_figure, self.ours,
                "" if self.ratio is None else f"{self.ratio:.2f}",
                self.to_reach.text(self, "ok", "NOT") if self.to_reach else "",
                self.aim.text(self, "met", "not met") if self.aim else "", self.note)


HEAD = ("goal", "what", "peer", "peer's", "ours", "ratio", "to reach", "goal", "besides")
RIGHT = {3, 4, 5}


def render(rows):
    lines = [HEAD] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    text = []
    for line in lines:
        cells = [c.rjust(w) if i in RIGHT else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths))]
        text.append("  ".join(cells).rstrip())
    text.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(text)


def rate(value):
    """A figure per second, short."""
    return f"{value / 1000:.1f} k/s" if value >= 1000 else f"{value:.0f} /s"


def size(value):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{value:.1f} {unit}" if value < 100 and unit != "B" else f"{value:.0f} {unit}"
        value /= 1024


def ms(value):
    return f"{value:.2f} ms" if value < 10 else f"{value:.0f} ms"
