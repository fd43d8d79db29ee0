"""What is unsound about a page is found, and a sound page passes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser

from tests.rig.browser import PHONE, Visitor, visit

pytestmark = pytest.mark.browser

SOUND = """<!doctype html><html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Очередь</title><style>body {{ font: 16px sans-serif }} button {{ min-width: 44px; min-height: 44px }}</style>
<main><h1>Очередь</h1><p>Кто написал, <a href="/who">тот и клиент</a>, так уж повелось.</p>
<button>Ответить</button>{more}</main></html>"""

DEFECTS = {
    "axe image-alt": "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='>",
    "axe color-contrast": "<p style='color:#999;background:#fff'>бледно</p>",
    "scrolls sideways": "<div style='width:3000px'>широко</div>",
    "covered: <button> Ответить": "<div style='position:fixed;inset:0'></div>",
    "too small, 16×12": "<button style='min-width:0;min-height:0;width:12px;height:12px' aria-label='м'></button>",
    "«Всего: undefined": "<p>Всего: undefined</p>",
    "missing translation": "<p>[missing translation: inbox.title]</p>",
    "Invalid Date": "<p>Invalid Date</p>",
    "NaN": "<p>NaN мин</p>",
    "the page has no title": "<script>document.title = ''</script>",
    "the page does not say its language": "<script>document.documentElement.removeAttribute('lang')</script>",
    "not ru": "<script>document.documentElement.lang = 'en'</script>",
    "console: oh": "<script>console.error('oh')</script>",
    "uncaught: thrown": "<script>setTimeout(() => { throw new Error('thrown') })</script>",
    "uncaught: rejected": "<script>Promise.reject(new Error('rejected'))</script>",
    "foreign: http://127.0.0.1:9/": "<img src='http://127.0.0.1:9/x.png' alt='чужое'>",
    "foreign: ws://127.0.0.1:9/": "<script>new WebSocket('ws://127.0.0.1:9/')</script>",
}
FINE = {
    "a button behind a dialog": "<div inert><button style='width:9px;height:9px'>нет</button></div>",
    "a row that scrolls out from under a heading": (
        "<div style='height:100px;overflow:auto' tabindex='0' aria-label='Список'><b style='position:sticky;"
        "display:block;top:0;height:60px;background:#fff'>А</b><button>Строка</button><p style='height:500px'></p></div>"
    ),
    "a button one has to scroll to": "<p style='height:3000px'></p><button>Внизу</button>",
    "a small box with a large label": (
        "<label style='display:inline-block;padding:20px'><input type='checkbox'> Согласие</label>"
    ),
}


@pytest.fixture
async def home() -> AsyncIterator[str]:
    """A site that shows what its address asks for."""
    cases = [*DEFECTS.values(), *FINE.values(), ""]

    async def page(request: web.Request) -> web.Response:
        if request.path == "/favicon.ico":
            return web.Response(status=204)
        number = int(request.query.get("case", len(cases) - 1))
        return web.Response(text=SOUND.format(more=cases[number]), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


@pytest.fixture
async def visitor(chromium_browser: Browser, home: str) -> AsyncIterator[Visitor]:
    async with visit(chromium_browser, home) as person:
        yield person
        person.forgive(".*")  # each test says itself what it wants to see


async def test_a_sound_page_passes(visitor: Visitor) -> None:
    await visitor.go("/")
    await visitor.check(locale="ru", smallest=24)
    visitor.complain()


@pytest.mark.parametrize("number", range(len(DEFECTS)), ids=list(DEFECTS))
async def test_a_defect_is_found(visitor: Visitor, number: int) -> None:
    await visitor.go(f"/?case={number}")
    await visitor.page.wait_for_timeout(50)  # what goes wrong by itself takes a moment
    with pytest.raises(AssertionError) as found:
        await visitor.check(locale="ru")
    assert list(DEFECTS)[number] in str(found.value)


@pytest.mark.parametrize("number", range(len(FINE)), ids=list(FINE))
async def test_no_defect_is_made_up(visitor: Visitor, number: int) -> None:
    await visitor.go(f"/?case={len(DEFECTS) + number}")
    await visitor.check(locale="ru")
    assert visitor.wrong == []


async def test_leaving_fails_for_what_nobody_forgave(chromium_browser: Browser, home: str) -> None:
    oh = list(DEFECTS).index("console: oh")
    with pytest.raises(AssertionError, match="oh"):
        async with visit(chromium_browser, home) as person:
            await person.go(f"/?case={oh}")
    async with visit(chromium_browser, home) as person:
        person.forgive("console: oh")
        await person.go(f"/?case={oh}")
        assert person.wrong


async def test_a_phone_is_touched(chromium_browser: Browser, home: str) -> None:
    async with visit(chromium_browser, home, screen=PHONE, theme="dark", locale="en") as person:
        await person.go("/")
        assert await person.page.evaluate(
            "[innerWidth, navigator.maxTouchPoints > 0, navigator.language]"
        ) == [
            390,
            True,
            "en-GB",
        ]
        assert await person.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


async def test_the_focus_is_followed_from_stop_to_stop(visitor: Visitor) -> None:
    await visitor.go("/")
    assert await visitor.tab_through() == ["тот и клиент", "Ответить"]
    await visitor.page.add_style_tag(content="button:focus { outline: none }")
    with pytest.raises(AssertionError, match="Ответить"):
        await visitor.tab_through()


async def test_a_russian_letter_comes_with_its_physical_key(visitor: Visitor) -> None:
    await visitor.go("/")
    await visitor.page.evaluate("addEventListener('keydown', (e) => { window.__key = [e.key, e.code] })")
    await visitor.press_russian("о", "KeyJ")
    assert await visitor.page.evaluate("window.__key") == ["о", "KeyJ"]
