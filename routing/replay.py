"""Would we decide the same today?"""

from __future__ import annotations

from routing import answering, assignment, deals, identity, responsible, ringing, rules, window
from routing.decision import Decision


def reevaluate(record: Decision) -> Decision:
    """Answer again from the record alone; equal to it unless a rule was changed since."""
    match record.kind:
        case "attach":
            return deals.reevaluate(record)
        case "route":
            return assignment.reevaluate(record)
        case "rules":
            return rules.reevaluate(record)
        case "assign":
            return answering.reevaluate(record)
        case "window":
            return window.reevaluate(record)
        case "call":
            return ringing.reevaluate(record)
        case "identify":
            return identity.reevaluate(record)
        case "responsible":
            return responsible.reevaluate(record)
