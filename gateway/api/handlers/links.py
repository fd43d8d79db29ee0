"""By which links does a client come straight to a deal?"""

from __future__ import annotations

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.layer import Body, Call, route
from gateway.api.rights import must_see_deal
from routing import links
from storage.binding import link_token, links_of, unbind

PATTERN = rf"^[A-Za-z0-9_-]{{0,{links.LABEL_MAX}}}$"
PROBE = "x"


class DealLink(TypedDict):
    source: shapes.SourceRef
    url: str


class DealLinks(TypedDict):
    items: list[DealLink]


class WantedLinks(Body):
    label: str = Field(default="", pattern=PATTERN)


@route("POST", "/deals/{id}/links", answer=DealLinks, body=WantedLinks, needs="deal.attach")
async def deal_links(call: Call, body: WantedLinks) -> DealLinks:
    """A link to an open deal for every source whose network has links; the same as long as it is not taken back."""
    ref = call.path("id")
    await must_see_deal(call, ref)
    items: list[DealLink] = []
    for live in call.gateway.sources.all():
        if live.row.state != "active" or not live.channel.campaign_link(PROBE):
            continue
        token = await call.gateway.database.write(link_token, live.row.id, call.me, ref)
        url = live.channel.campaign_link(links.payload_of(body.label, token))
        items.append({"source": build.source_ref(call.gateway, live.row.id), "url": url})
    return {"items": items}


@route("DELETE", "/deals/{id}/links", status=204, needs="deal.attach")
async def drop_deal_links(call: Call) -> None:
    """Links to the deal lead to nothing any more; who came by them before stays with it."""
    ref = call.path("id")
    await must_see_deal(call, ref)
    for source_id, token in await call.gateway.database.read(links_of, ref):
        await call.gateway.database.write(unbind, source_id, call.me, "deal_link", token)
