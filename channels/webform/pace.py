"""How often is too often for a form?

Counted by the gateway; what goes over is kept and marked. A service or server that hands submissions on comes from one
address with everybody's words, so only what a browser posts is counted by address.
"""

from __future__ import annotations

import hashlib
import ipaddress

from channels.base import Account, Envelope, Limit
from channels.webform.person import Who
from channels.webform.proof import is_server
from channels.webform.submission import Submission

ADDRESS, FORM, PERSON, WORDS = "pace_address", "pace_form", "pace_person", "pace_words"
BY_ADDRESS = ((5, 60), (20, 3600), (240, 86_400))
"""Times and seconds: Zammad's figures, which let an office behind one address work."""
BY_FORM = (60, 60)
BY_PERSON = (3, 600)
BY_WORDS = (5, 3600)
SHORT = 20
"""Characters of a message under which the same words from many people mean nothing."""


def limits(account: Account, envelope: Envelope, submission: Submission, person: Who) -> tuple[Limit, ...]:
    """What to count a submission under."""
    if is_server(account, envelope) or not by_browser(envelope, submission):
        return ()
    found = [Limit(name=FORM, value="", times=BY_FORM[0], seconds=BY_FORM[1])]
    if network := network_of(envelope.address):
        found += [Limit(name=ADDRESS, value=network, times=times, seconds=span) for times, span in BY_ADDRESS]
    for identity in person.identities():
        found.append(Limit(name=PERSON, value=identity.value, times=BY_PERSON[0], seconds=BY_PERSON[1]))
    if len(person.message) >= SHORT:
        digest = hashlib.sha256(" ".join(person.message.lower().split()).encode()).hexdigest()[:24]
        found.append(Limit(name=WORDS, value=digest, times=BY_WORDS[0], seconds=BY_WORDS[1]))
    return tuple(found)


def by_browser(envelope: Envelope, submission: Submission) -> bool:
    """Whether somebody's browser posted it: pages name their site, and ours carry a mark of time."""
    headers = envelope.headers
    return not submission.service and bool(
        submission.control.get("_t")
        or headers.get("origin")
        or headers.get("referer")
        or headers.get("sec-fetch-mode")
        or "text/html" in headers.get("accept", "")
    )


def network_of(address: str) -> str:
    """What counts as one caller: an address, or the /64 a household or office has of IPv6. "" for what is not of the
    internet: behind a proxy nobody told us of, everybody would come from one address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if not found.is_global:
        return ""
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)
