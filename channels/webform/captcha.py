"""Did a person solve the puzzle?

Yandex SmartCaptcha (yandex.cloud/ru/docs/smartcaptcha/concepts/validation) and Cloudflare Turnstile
(developers.cloudflare.com/turnstile/get-started/server-side-validation). Tokens work once and for five minutes; a service
that is down or answers nonsense proves nothing against anybody.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson

from channels.base import Account
from channels.errors import SendFailed
from channels.pool import Pool
from channels.webform.proof import allowed_origins, host_of
from channels.webform.submission import Submission

Verdict: TypeAlias = Literal["passed", "failed", "unverified", "missing"]
PATIENCE = 3.0
LONGEST = 2048
LARGEST = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One captcha service: where its script comes from, which field it fills in, who judges the answer."""

    script: str
    field: str
    verify: str
    hosts: tuple[str, ...]
    """What a page's policy must let in for it."""
    css: str
    """The class of the element it draws itself into."""


SERVICES: Mapping[str, Service] = {
    "smartcaptcha": Service(
        script="https://smartcaptcha.yandexcloud.net/captcha.js",
        field="smart-token",
        verify="https://smartcaptcha.yandexcloud.net/validate",
        hosts=("https://smartcaptcha.yandexcloud.net", "https://smartcaptcha.cloud.yandex.ru"),
        css="smart-captcha",
    ),
    "turnstile": Service(
        script="https://challenges.cloudflare.com/turnstile/v0/api.js",
        field="cf-turnstile-response",
        verify="https://challenges.cloudflare.com/turnstile/v0/siteverify",
        hosts=("https://challenges.cloudflare.com",),
        css="cf-turnstile",
    ),
}
TOKENS = frozenset(service.field for service in SERVICES.values())


def service_of(account: Account) -> Service | None:
    """The service this form uses; None: none, or its keys are missing."""
    settings = account.settings
    keyed = settings.get("captcha_key") and settings.get("captcha_secret")
    return SERVICES.get(settings.get("captcha", "")) if keyed else None


def asked_always(account: Account) -> bool:
    """Whether everybody is asked, not only who looks suspicious."""
    return service_of(account) is not None and account.settings.get("captcha_when") == "always"


def token_of(submission: Submission) -> str:
    """The puzzle's answer, "" where there is none."""
    return next((told for name in TOKENS if (told := submission.one(name))), "")


async def verify(pool: Pool, account: Account, submission: Submission, address: str) -> Verdict:
    """What the service says of the answer; never raises."""
    import aiohttp

    service, token = service_of(account), token_of(submission)
    if service is None or not token:
        return "missing"
    if len(token) > LONGEST:
        return "failed"
    url = account.settings.get("captcha_url") or service.verify
    try:
        async with pool.session().post(
            url,
            data=_question(account, service, token, address),
            timeout=aiohttp.ClientTimeout(total=PATIENCE),
        ) as answer:
            if answer.status != 200:
                return "unverified"
            return _verdict(account, orjson.loads(await answer.content.read(LARGEST)))
    except (SendFailed, aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return "unverified"


def _question(account: Account, service: Service, token: str, address: str) -> dict[str, str]:
    secret = account.settings["captcha_secret"]
    if service.field == "smart-token":
        return {"secret": secret, "token": token, **({"ip": address} if address else {})}
    asked = {
        "secret": secret,
        "response": token,
        "idempotency_key": str(uuid.uuid5(uuid.NAMESPACE_URL, token)),
    }
    return {**asked, "remoteip": address} if address else asked


def _verdict(account: Account, told: Any) -> Verdict:
    """`status: ok` of one, `success: true` of the other, for a site where the form stands."""
    if not isinstance(told, dict):
        return "unverified"
    if told.get("status") != "ok" and told.get("success") is not True:
        # Our own mistake (a wrong secret) must not count against visitors.
        ours = {"missing-input-secret", "invalid-input-secret", "internal-error"}
        errors = told.get("error-codes")
        return "unverified" if isinstance(errors, list) and ours & set(map(str, errors)) else "failed"
    host = str(told.get("host") or told.get("hostname") or "").partition(":")[0]
    known = {host_of(origin) for origin in (*allowed_origins(account), account.public_url)}
    return "passed" if not host or not allowed_origins(account) or host in known else "failed"
