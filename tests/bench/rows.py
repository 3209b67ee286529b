"""A row of the bench: figures of ours and of a floor, taken in turn, and what is asked of them."""

import json
import statistics
from dataclasses import dataclass, field


@dataclass
class Goal:
    """`at_most` or `at_least` this; None says that the figure is only shown."""

    text: str = "–"
    at_most: float | None = None
    at_least: float | None = None

    def verdict(self, value):
        if self.at_most is None and self.at_least is None:
            return ""
        if self.at_most is not None and value > self.at_most:
            return "MISSED"
        if self.at_least is not None and value < self.at_least:
            return "MISSED"
        return "met"


def at_most(value, unit="×"):
    return Goal(text=f"≤ {value:g}{unit}", at_most=value)


def at_least(value, unit="×"):
    return Goal(text=f"≥ {value:g}{unit}", at_least=value)


@dataclass
class Row:
    name: str
    figure: str  # what is measured: "calls/s", "CPU", "instructions"
    values: list[float]  # of each round; none: SKIPPED, and the note says why
    goal: Goal = field(default_factory=Goal)
    unit: str = "×"
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def verdict(self):
        return self.goal.verdict(self.median) if self.values else ""

    def cells(self):
        if not self.values:
            return [self.name, self.figure, self.goal.text, "SKIPPED", "", "", self.note]
        spread = f"{shown(min(self.values))} – {shown(max(self.values))}"
        return [self.name, self.figure, self.goal.text, shown(self.median) + self.unit, spread,
                self.verdict, self.note]


def shown(value):
    return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:,.0f}"


def ratios(ours, floor):
    return [a / b for a, b in zip(ours, floor, strict=True)]


HEADER = ["what", "figure", "goal", "measured (median)", "spread", "verdict", ""]


def as_markdown(rows):
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return "\n".join(lines)


def as_json(rows, machine):
    return json.dumps({"machine": machine, "rows": [
        {"name": row.name, "figure": row.figure, "unit": row.unit, "goal": row.goal.text,
         "median": row.median, "values": row.values, "verdict": row.verdict, "note": row.note}
        for row in rows]}, indent=1, ensure_ascii=False)
