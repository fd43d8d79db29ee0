"""How does the console bear a busy company? `python -m benchmarks.screen [events]`: console.md, section 3.8, in a real browser.

Five thousand dialogs, one of them a thousand messages long, then hours of news in minutes. Everything shares the machine's
cores, the browser drawing without a graphics card too: what is told here is an upper bound.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import aiohttp
import uvloop
from playwright.async_api import CDPSession, Page

from benchmarks.figures import Figure, Report
from benchmarks.intake import WAITING
from benchmarks.service import Process, Store, served, store
from benchmarks.sizes import GROUP, entry, update
from storage.journal import append
from storage.sessions import open_link
from tests.rig.browser import launch, visit

DIALOGS, LONG, EVENTS = 5_000, 1_000, 2_000
TALKER = 777
"""The client who wrote a thousand messages."""
PACE = 25
"""Messages a second of the soak."""
OPENED = 20

TOOLS = """() => {
  const paint = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const until = async (true_) => { while (!true_()) await new Promise((done) => requestAnimationFrame(done)); };
  window.bench = {
    async open(index) {
      const row = document.querySelectorAll("[role=option]")[index];
      const began = performance.now();
      row.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
      row.click();
      const chosen = () => row.getAttribute("aria-selected") === "true";
      await until(() => chosen() && document.querySelector("[role=log][aria-busy=false] [data-message]"));
      await paint();
      return performance.now() - began;
    },
    async shown(words) {
      await until(() => document.querySelector("[role=log]")?.textContent.includes(words));
      await paint();
      return Date.now();
    },
    watchKeys() {
      window.slow = [];
      const keys = (list) => list.getEntries().filter((one) => one.name === "keydown");
      new PerformanceObserver((list) => window.slow.push(...keys(list).map((one) => one.duration)))
        .observe({ type: "event", durationThreshold: 16, buffered: false });
      window.frames = [];
      let before = performance.now();
      const tick = (now) => { window.frames.push(now - before); before = now; window.framing = requestAnimationFrame(tick); };
      window.framing = requestAnimationFrame(tick);
    },
  };
}"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the page holds after its garbage is gone."""

    heap: float
    """Megabytes."""
    nodes: int


async def measure(report: Report, dialogs: int = DIALOGS, long: int = LONG, events: int = EVENTS) -> None:
    """Tell every figure of the section that a machine can measure."""
    async with store(None, "screen", ("telegram",)) as made:
        await _fill(made, dialogs, long)
        async with (
            served(made) as process,
            launch() as browser,
            visit(browser, process.address, still=False) as person,
        ):
            while await made.count(WAITING):
                await asyncio.sleep(0.2)
            page = person.page
            await page.goto(
                f"{process.address}/enter#t={await made.gateway.database.write(open_link, made.admin)}"
            )
            await page.wait_for_url("**/inbox*")
            await page.goto("/inbox?view=all&order=newest")
            await page.get_by_role("option").first.wait_for()
            await page.evaluate(TOOLS)
            await _list(report, page)
            await _opening(report, page)
            await _news(report, page, made, process)
            await _typing(report, page, long)
            await _soak(report, page, await person.context.new_cdp_session(page), made, process, events)


async def _fill(made: Store, dialogs: int, long: int) -> None:
    gateway, source_id = made.gateway, made.hooks[0].split("/")[2]
    now = gateway.now()
    numbers = [(10_000 + one, one) for one in range(dialogs)] + [
        (TALKER, 1_000_000 + one) for one in range(long)
    ]
    for first in range(0, len(numbers), GROUP):
        group = [
            entry(source_id, number, now - (len(numbers) - first) * 1000, client)
            for client, number in numbers[first : first + GROUP]
        ]
        await gateway.database.write(append, group)


async def _list(report: Report, page: Page) -> None:
    rows = await page.get_by_role("option").count()
    nodes = await page.evaluate("document.getElementsByTagName('*').length")
    report.tell(
        Figure(name="rows in the page of a list without end", value=rows, unit="rows", goal=80),
        Figure(name="elements of the inbox", value=nodes, unit="elements", goal=4000),
    )


async def _opening(report: Report, page: Page) -> None:
    for name, goal in (("uncached", 400), ("cached", 100)):
        took = [
            float(await page.evaluate("(index) => bench.open(index)", index))
            for index in range(1, OPENED // 2)
        ]
        report.tell(Figure(name=f"opening a dialog, {name}, p95", value=_p95(took), unit="ms", goal=goal))


async def _news(report: Report, page: Page, made: Store, process: Process) -> None:
    """From the provider's call to the painted bubble: more than the page's own part."""
    took = []
    await page.goto("/inbox?view=all&order=newest")
    await _write(made, process, TALKER, 2_000_000)
    await page.get_by_role("option", name=f"Клиент {TALKER},").first.click()
    await page.evaluate(TOOLS)
    await page.get_by_role("log").get_by_text("2000000").wait_for()
    for number in range(2_000_001, 2_000_001 + OPENED):
        seen = asyncio.ensure_future(page.evaluate("(words) => bench.shown(words)", str(number)))
        began = time.time() * 1000
        await _write(made, process, TALKER, number)
        took.append(float(await seen) - began)
    report.tell(
        Figure(
            name="from a client's message to the painted bubble, p95", value=_p95(took), unit="ms", goal=250
        )
    )


async def _typing(report: Report, page: Page, long: int) -> None:
    log = page.get_by_role("log")
    while await page.locator("[data-message]").count() < long:
        before = await page.locator("[data-message]").count()
        await log.evaluate("(log) => log.scrollTo({ top: 0 })")
        await page.wait_for_function(
            "(n) => document.querySelectorAll('[data-message]').length > n", arg=before
        )
    await log.evaluate("(log) => log.scrollTo({ top: log.scrollHeight })")
    field = page.locator("#composer-text")
    await field.click()
    await page.evaluate("bench.watchKeys()")
    letters = "Здравствуйте, доставка в субботу есть, она стоит пятьсот рублей. " * 2
    await page.keyboard.type(letters, delay=40)
    slow = [float(one) for one in await page.evaluate("window.slow")]
    frames = [
        float(one) for one in await page.evaluate("cancelAnimationFrame(window.framing), window.frames")
    ]
    keys = sorted([*slow, *([8.0] * max(0, len(letters) - len(slow)))])
    report.tell(
        Figure(
            name=f"from a key to its letter beside {long} messages, p95", value=_p95(keys), unit="ms", goal=50
        ),
        Figure(name="frames while typing, p95", value=_p95(frames), unit="ms", goal=34),
    )
    await field.fill("")


async def _soak(
    report: Report, page: Page, tools: CDPSession, made: Store, process: Process, events: int
) -> None:
    await page.goto("/inbox?view=all&order=newest")
    await page.get_by_role("option").first.wait_for()
    await tools.send("Performance.enable")
    sockets: list[Any] = []
    page.on("websocket", sockets.append)
    before = await _memory(tools)
    began = time.perf_counter()
    for number in range(events):
        await _write(made, process, 10_000 + number * 7 % 1_000, 3_000_000 + number)
        await asyncio.sleep(max(0.0, began + number / PACE - time.perf_counter()))
        if number % 100 == 0:
            await page.get_by_role("option").nth(number // 100 % 5).click()
    await page.get_by_role("option").first.wait_for()
    after = await _memory(tools)
    report.tell(
        Figure(name=f"heap gained by {events} messages", value=after.heap - before.heap, unit="MB", goal=30),
        Figure(
            name=f"nodes gained by {events} messages",
            value=after.nodes - before.nodes,
            unit="nodes",
            goal=20_000,
        ),
        Figure(name="lines opened anew meanwhile", value=len(sockets), unit="sockets", goal=0),
    )


async def _memory(tools: CDPSession) -> Memory:
    await tools.send("HeapProfiler.collectGarbage")
    told = (await tools.send("Performance.getMetrics"))["metrics"]
    values = {one["name"]: one["value"] for one in told}
    return Memory(values["JSHeapUsedSize"] / 1e6, int(values["Nodes"]))


async def _write(made: Store, process: Process, client: int, number: int) -> None:
    """A client writes, as the messenger tells it."""
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": made.hooks[1]}
    body = update(client, number, made.gateway.now())
    async with (
        aiohttp.ClientSession() as http,
        http.post(process.address + made.hooks[0], data=body, headers=headers) as answer,
    ):
        assert answer.status == 200, answer.status


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


async def main(events: int) -> int:
    report = Report()
    await measure(report, events=events)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)))
