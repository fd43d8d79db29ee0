"""What is a figure, and is it good enough? One JSON line each, with the goal of the issue and what we are after."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured number. `up`: more is better. Without a goal it is told, not judged."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    stretch: float | None = None
    up: bool = False

    @property
    def ok(self) -> bool:
        """Whether it is within its goal."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.up else self.value <= self.goal

    def line(self) -> str:
        """As it is printed."""
        shown = {
            "name": self.name, "value": float(f"{self.value:.4g}"), "unit": self.unit, "goal": self.goal,
            "stretch": self.stretch, "ok": self.ok,
        }  # fmt: skip
        return json.dumps(shown, ensure_ascii=False)


class Report:
    """Prints figures as they come and remembers those that miss their goal."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def tell(self, *figures: Figure) -> None:
        """Print them."""
        for figure in figures:
            print(figure.line())
            if not figure.ok:
                self.missed.append(figure.name)
        sys.stdout.flush()

    def note(self, name: str, text: str) -> None:
        """Print a fact that is no number: an engine's version, a load generator's."""
        print(json.dumps({"name": name, "value": text}, ensure_ascii=False))
        sys.stdout.flush()


def middle(values: list[float]) -> float:
    """The median: one disturbed repeat does not count."""
    return median(values)
