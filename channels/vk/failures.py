"""What does an error of VK mean for us?

VK answers errors inside HTTP 200. Codes: vk-api-schema errors.json. Every send carries a `random_id` that
makes a second one harmless, so what may or may not have left is simply tried again.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from channels.errors import Disconnected, Refused, SendFailed, TryLater, Unreachable, WindowClosed

NO_RIGHT = frozenset({7, 15, 20, 21, 23, 203})
LONGEST_WAIT = 3 * 3600.0
LONGEST_DETAIL = 300

DISCONNECTED = {
    2: "app_disabled", 5: "key_refused", 16: "key_refused", 17: "key_refused", 27: "key_refused",
    28: "key_refused",
}  # fmt: skip
UNREACHABLE = {
    18: "person_deleted", 30: "privacy", 37: "person_banned", 900: "blacklisted", 901: "no_permission",
    902: "privacy", 932: "peer_closed", 936: "person_not_found", 939: "request_needed", 983: "writing_off",
    985: "writing_off", 987: "request_needed", 988: "request_needed", 1012: "writing_off",
}  # fmt: skip
REFUSED = {
    8: "bad_request", 22: "upload_failed", 100: "bad_request", 105: "file_refused", 113: "person_not_found",
    114: "file_refused", 118: "file_refused", 121: "file_refused", 129: "file_refused", 909: "too_old",
    910: "too_long", 911: "bad_request", 912: "chatbot_off", 913: "cannot_quote", 914: "too_long",
    917: "chat_closed", 920: "cannot_change", 921: "cannot_quote", 922: "chat_closed", 924: "cannot_change",
    925: "chat_closed", 927: "chat_closed", 935: "chat_closed", 940: "cannot_quote", 943: "bad_request",
    944: "bad_request", 1009: "reaction_refused", 1010: "reaction_refused", 1011: "reaction_refused",
    949: "cannot_change", 945: "chat_closed", 946: "chat_closed", 962: "chat_closed", 969: "cannot_quote",
    2000: "servers_full",
}  # fmt: skip
LATER: dict[int, tuple[str, float | None, bool]] = {
    1: ("vk_failed", None, False), 6: ("too_many", 1.0, True), 9: ("flood", 60.0, False),
    10: ("vk_failed", None, False), 13: ("vk_failed", None, False), 14: ("captcha", 900.0, True),
    29: ("quota", 3600.0, True), 32: ("vk_failed", 5.0, False), 36: ("vk_failed", None, False),
}  # fmt: skip
"""Code, seconds to wait (None: our own back-off), and whether the whole community waits. Nobody of ours can
solve VK's captcha; it goes away by itself, so the community is given a quarter of an hour."""
CLOSED = 950


def failure(code: int, text: str = "") -> SendFailed:
    """The error of ours for VK's number. An unknown number is a refusal: nothing was sent."""
    detail = f"VK {code}: {text}"[:LONGEST_DETAIL]
    if code in DISCONNECTED:
        return Disconnected(detail, code=DISCONNECTED[code])
    if code in UNREACHABLE:
        return Unreachable(detail, code=UNREACHABLE[code])
    if code in LATER:
        name, after, whole = LATER[code]
        return TryLater(detail, code=name, after=after, whole_source=whole)
    if code == CLOSED:
        return WindowClosed(detail)
    return Refused(detail, code="no_right" if code in NO_RIGHT else REFUSED.get(code, "refused"))


def http_failure(status: int, retry_after: str, date: str = "") -> SendFailed:
    """The error of ours for an HTTP status that is no success. VK's own answers are always 200."""
    detail = f"HTTP {status}"
    if status == 429:
        after = _seconds(retry_after, date)
        return TryLater(detail, code="too_many", after=1.0 if after is None else after, whole_source=True)
    if status >= 500 or status == 408:
        return TryLater(detail, code="vk_failed", after=_seconds(retry_after, date))
    if status in (401, 403):
        return TryLater(
            detail, code="no_connection", after=60.0
        )  # a gate before VK: its own refusals are 200
    return Refused(detail, code="too_large" if status == 413 else "refused")


def _seconds(value: str, date: str) -> float | None:
    """Retry-After as seconds; a date counts from the answer's own Date."""
    try:
        wait = float(value)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(value) - parsedate_to_datetime(date)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(wait, 0.0), LONGEST_WAIT) if wait == wait else None
