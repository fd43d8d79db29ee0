"""Web forms: a hosted page, a script for other sites, plain HTML posts, JSON, and what form services send.

What surprises:
- A form is public. The key in the hook's address is no secret on a page, so it proves little; what looks
  wrong is kept as spam with the reason, never refused. Only a wrong API key, or none where the source asks
  for one, is refused.
- A submission has no way back of its own: it is answered by telephone or mail, so `send` refuses.
- One person is one conversation: the thread is their telephone number, else their mail address.
- The same submission pressed twice is one: its key is the sender's id with a digest of the answers, so that
  a corrected second one is kept too. Without an id the same answers within ten minutes are one.
- A body that cannot be read is answered 400 and kept all the same.
- Files stay inside the kept envelope (`unpack`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import quote

import aiohttp

from channels.base import Account, Admitted, Capabilities, Check, Envelope, Reply, WebhookChannel
from channels.events import Event
from channels.pages import DesignedPages, Leaf, Taught
from channels.pool import Pool
from channels.webform.about import ERRORS
from channels.webform.admit import admit, challenge
from channels.webform.captcha import asked_always, token_of, verify
from channels.webform.definition import BadForm, Form, read_form
from channels.webform.embed import embed_script
from channels.webform.fetch import LINK, fetch
from channels.webform.lessons import lessons_of, read_lessons
from channels.webform.page import form_page, not_ready_page, page_address, preview_page, thanks_page
from channels.webform.parse import file_of, message
from channels.webform.person import roles_of
from channels.webform.proof import PASSED, allowed_origins
from channels.webform.submission import read
from channels.webform.texts import asset


class WebForm(WebhookChannel, DesignedPages, Taught):
    """One form."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        reply=False,
        answered_by=("phone", "email"),
        answer_minutes=15,
    )
    secrets: ClassVar[tuple[str, ...]] = ("api_key", "form_key", "captcha_secret", "google_key", "vk_secret")
    """`form_key` signs the mark of time on our pages and is made for each source."""

    design: ClassVar[str] = "form"
    lessons: ClassVar[str] = "lessons"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._pool = Pool(aiohttp.ClientSession)
        self._form: Form | None = None
        with contextlib.suppress(BadForm):  # `check` says what is wrong with it
            self._form = read_form(account.settings.get("form", "").strip() or asset("form.ru.json"))

    def admit(self, envelope: Envelope) -> Admitted:
        return admit(self.account, self._form, envelope)

    async def inspect(self, envelope: Envelope, admitted: Admitted, over: frozenset[str]) -> Admitted:
        """Ask the captcha service about who is asked for a puzzle: everybody, or who comes too often."""
        submission = read(envelope)
        if not token_of(submission) and not asked_always(self.account) and not over:
            return admitted
        verdict = await verify(self._pool, self.account, submission, envelope.address)
        unreachable = submission.control.get("_captcha") == "unavailable"
        if verdict == "missing" and not unreachable:
            return challenge(self.account, self._form, envelope, admitted)
        mark = {"passed": PASSED, "failed": "captcha_failed"}.get(verdict, "captcha_unverified")
        key = admitted.key if verdict == "passed" else f"{admitted.key}:unproven"
        return replace(admitted, key=key, marks=(*admitted.marks, mark))

    async def close(self) -> None:
        await self._pool.close()

    def parse(self, envelope: Envelope) -> tuple[Event, ...]:
        return (message(self.account, self._form, envelope),)

    def sample(self, envelope: Envelope) -> tuple[Leaf, ...]:
        submission, lessons = read(envelope), lessons_of(self.settings)
        roles = roles_of(submission, self._form, lessons)
        return tuple(
            Leaf(path=name, value=", ".join(values)[:500], target=lessons.get(name) or roles.get(name, ""))
            for name, values in submission.values.items()
        )

    def read_as(self, lessons: str, envelope: Envelope) -> tuple[Event, ...]:
        taught = replace(self.account, settings={**self.settings, "lessons": lessons})
        read_lessons(lessons)
        return (message(taught, self._form, envelope),)

    async def download(self, ref: str) -> AsyncIterator[bytes]:
        """A file that a service only linked to."""
        async for piece in fetch(ref.removeprefix(LINK)):
            yield piece

    def unpack(self, envelope: Envelope, ref: str) -> bytes:
        return file_of(envelope, ref)

    def page(self, path: str, envelope: Envelope) -> Reply | None:
        """ "" is the form, `embed.js` the script, `thanks` what follows."""
        if path not in ("", "embed.js", "thanks"):
            return None
        if envelope.method not in ("GET", "HEAD"):
            return Reply(status=405, body=b"Post to the form's own address.", headers={"Allow": "GET, HEAD"})
        if self._form is None:
            return not_ready_page(self.account)
        if path == "embed.js":
            return embed_script(self.account, self._form, envelope)
        if path == "thanks":
            return thanks_page(self.account, self._form)
        return form_page(self.account, self._form, envelope)

    def examine(self, content: str) -> Sequence[Check]:
        """Whether the definition is sound, and personal data is asked with consent."""
        try:
            form = read_form(content.strip() or asset("form.ru.json"))
        except BadForm as fault:
            return (Check(code=fault.code, ok=False, detail=fault.where),)
        found = [Check(code="form_ready", ok=True, detail=form.title)]
        if form.personal() and not form.asks_consent():
            agreed = self.settings.get("without_consent") == "yes"
            found.append(Check(code="no_consent", ok=agreed))
        if not form.reachable():
            found.append(Check(code="no_way_back", ok=True))
        return tuple(found)

    def preview(self, content: str, envelope: Envelope) -> Reply:
        try:
            form = read_form(content.strip() or asset("form.ru.json"))
        except BadForm as fault:
            return not_ready_page(self.account, f"{ERRORS[fault.code].ru}. {fault.where}".strip())
        return preview_page(self.account, form, envelope)

    async def check(self) -> Sequence[Check]:
        """What `examine` says of the published definition, and where the form may stand."""
        found = list(self.examine(self.settings.get("form", "")))
        listed = allowed_origins(self.account)
        found.append(
            Check(code="origins_listed" if listed else "origins_any", ok=True, detail=", ".join(listed))
        )
        if not self.account.public_url:
            found.append(Check(code="no_public_url", ok=True))
        return tuple(found)

    def test_link(self, code: str) -> str:
        return f"{page_address(self.account)}?test={quote(code)}"


CHANNEL = WebForm
