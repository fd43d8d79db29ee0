"""Where else may this client be written to, or called?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway import replies
from gateway.api import shapes
from gateway.api.build import reach_of, source_ref, window
from gateway.context import Gateway
from gateway.refusals import Refusal
from gateway.sources import Live
from routing import codes
from routing import window as windows
from storage.standing import may_speak, policy_of
from storage.team import Account

PHONE = "phone"


@dataclass(frozen=True, slots=True)
class _Way:
    """A conversation by whose address a message would really go, or a number that can be called."""

    row: Any
    source_id: str
    value: str
    identity_id: str


def fallbacks(
    gateway: Gateway, account: Account, addresses: Sequence[Any], contact: shapes.Contact, refused: str
) -> list[shapes.Fallback]:
    """What can be done where writing is not allowed: other ways to this contact, in the order of their last use."""
    ways = {way.row.id: way for way in _writable(gateway, addresses, contact)}
    asked = [_address(gateway, way) for way in ways.values()]
    found: list[shapes.Fallback] = []
    for out in windows.fallbacks(asked, gateway.now(), refused=refused):
        if out.kind == "wait":
            found += _calls(contact)
        found.append(_fallback(gateway, account, out.kind, ways.get(out.ref)))
    return found


def _writable(gateway: Gateway, addresses: Sequence[Any], contact: shapes.Contact) -> list[_Way]:
    """The newest conversation of each address; an enquiry without a way back stands for where its answer goes."""
    found: dict[tuple[str, str, str], _Way] = {}
    enquiries: list[_Way] = []
    for row in addresses:
        live = gateway.sources.get(row.source_id)
        if live is None:
            continue
        can = live.channel.can()
        if can.reply:
            key = (row.source_id, row.identity_id, row.connection)
            found.setdefault(key, _Way(row, row.source_id, row.value, row.identity_id))
        elif way := _answered_at(gateway, row, contact):
            enquiries.append(way)
    for way in enquiries:
        found.setdefault((way.source_id, way.identity_id, ""), way)
    return list(found.values())


def _answered_at(gateway: Gateway, row: Any, contact: shapes.Contact) -> _Way | None:
    """The address by which the answer to an enquiry goes out; None: there is none."""
    try:
        target = replies.target_for(gateway, row.source_id)
    except Refusal:
        return None
    fitting = [one for one in contact["identities"] if one["kind"] in target.identity_kinds]
    best = min(fitting, key=lambda one: not one["verified"], default=None)
    return _Way(row, target.source_id, best["value"], best["id"]) if best is not None else None


def _address(gateway: Gateway, way: _Way) -> windows.Address:
    live, row = gateway.sources.get(way.source_id), way.row
    assert live is not None, "a way's source was just there"
    own = way.source_id == row.source_id
    return windows.Address(
        ref=row.id,
        policy=policy_of(row, live.window, live.lent) if own else live.window,
        last_client_at=row.last_client_at if own else None,
        reach=_reach(live, row) if own else reach_of(live, None, ""),
        used_at=row.last_client_at or row.last_at,
    )


def _reach(live: Live, row: Any) -> codes.Reach:
    reach = reach_of(live, row.unreachable, row.reason)
    return "no_permission_at_provider" if reach == "ok" and not may_speak(row) else reach


def _calls(contact: shapes.Contact) -> list[shapes.Fallback]:
    return [
        {
            "kind": "call", "source": None, "conversation_id": None, "identity_id": one["id"], "address": one["value"],
            "window": None,
        }
        for one in contact["identities"]
        if one["kind"] == PHONE
    ]  # fmt: skip


def _fallback(gateway: Gateway, account: Account, kind: codes.Fallback, way: _Way | None) -> shapes.Fallback:
    if kind != "address" or way is None:
        return {
            "kind": "wait", "source": None, "conversation_id": None, "identity_id": None, "address": "", "window": None,
        }  # fmt: skip
    row = way.row
    if way.source_id == row.source_id:
        there = window(gateway, account, way.source_id, row.last_client_at, row.unreachable, row.reason, row)
    else:
        there = window(gateway, account, way.source_id, None, None, "")
    return {
        "kind": "channel", "source": source_ref(gateway, way.source_id), "conversation_id": row.id,
        "identity_id": way.identity_id, "address": way.value,
        "window": there,
    }  # fmt: skip
