"""An answer that was written for later goes only when what its author saw still holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.scheduled import LATE, OLD, Present, Scheduled, stopped
from routing.times import DAY, HOUR, MINUTE

NOW = 100 * DAY
IN_TIME = Scheduled(waits_for="time", at=NOW, confirmed_at=NOW - 10 * HOUR)
FOR_CLIENT = Scheduled(waits_for="client", at=NOW + DAY, confirmed_at=NOW - 10 * HOUR)
CALM = Present(nature="client", client_wrote=False, colleague_wrote=False, deal_closed=False)
WROTE = replace(CALM, client_wrote=True)


@pytest.mark.parametrize(
    ("plan", "present", "reason"),
    [
        (IN_TIME, CALM, ""),
        (IN_TIME, replace(CALM, nature="group"), ""),
        (IN_TIME, WROTE, "client_wrote"),
        (replace(IN_TIME, anyway=True), WROTE, ""),
        (IN_TIME, replace(CALM, colleague_wrote=True), "colleague_wrote"),
        (replace(IN_TIME, anyway=True), replace(CALM, colleague_wrote=True), ""),
        (replace(IN_TIME, anyway=True), replace(CALM, deal_closed=True), "deal_closed"),
        (replace(IN_TIME, anyway=True), replace(CALM, nature="spam"), "spam"),
        (replace(IN_TIME, anyway=True), replace(CALM, nature="blocked"), "blocked"),
        (replace(IN_TIME, anyway=True), replace(CALM, author_works=False), "author_gone"),
        (replace(IN_TIME, anyway=True), replace(CALM, author_may=False), "no_right"),
        (replace(IN_TIME, at=NOW - LATE), CALM, ""),
        (replace(IN_TIME, at=NOW - LATE - 1), CALM, "late"),
        (FOR_CLIENT, WROTE, ""),
        (FOR_CLIENT, replace(WROTE, colleague_wrote=True), "colleague_wrote"),
        (replace(FOR_CLIENT, confirmed_at=NOW - OLD), WROTE, ""),
        (replace(FOR_CLIENT, confirmed_at=NOW - OLD - MINUTE), WROTE, "too_old"),
        (replace(FOR_CLIENT, at=NOW), CALM, "never_wrote"),
        (replace(FOR_CLIENT, at=NOW), WROTE, ""),
    ],
)
def test_what_changed_meanwhile_stops_it(plan: Scheduled, present: Present, reason: str) -> None:
    assert stopped(plan, present, NOW) == reason
