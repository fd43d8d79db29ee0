"""How is a stranger's letter shown without harm? Sanitised here, and in a frame of its own that can run nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import nh3

from gateway.api.shapes import AttachmentShape

TAGS = nh3.ALLOWED_TAGS | {"font"}
ATTRIBUTES = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"dir", "lang", "align", "valign", "width", "height", "bgcolor", "color"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "a": {"href", "title"},
}
LARGEST = 2_000_000
_cid = re.compile(r"""(src=["'])cid:([^"']+)(["'])""", re.IGNORECASE)
_remote = re.compile(r"""<img[^>]+src=["']https?://[^>]*>""", re.IGNORECASE)


def letter_csp(remote: bool) -> str:
    """What a letter's page may do: show, and follow links in a new tab. Nothing runs, nothing is sent."""
    pictures = "'self' data: https:" if remote else "'self' data:"
    return (
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
        f" img-src {pictures}; style-src 'unsafe-inline'"
    )


def page_of(html: str, attachments: Sequence[AttachmentShape], *, remote: bool) -> str:
    """A whole page of the letter; pictures it carries come from us, others only when asked for."""
    by_name = {attachment["name"]: attachment["url"] for attachment in attachments if attachment["url"]}
    inline = {one["transcript"] or one["name"]: one["url"] for one in attachments if one["url"]}

    def ours(found: re.Match[str]) -> str:
        url = inline.get(found[2]) or by_name.get(found[2]) or ""
        return f"{found[1]}{escape(url)}{found[3]}"

    clean = nh3.clean(
        _cid.sub(ours, html[:LARGEST]),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel="noopener noreferrer nofollow",
    )
    if not remote:
        clean = _remote.sub("", clean)
    style = (
        "body{font:14px/1.45 system-ui,sans-serif;margin:8px;color:#15181e;background:#fff;overflow-wrap:anywhere}"
        "img{max-width:100%;height:auto}table{max-width:100%}blockquote{border-left:2px solid #dce1e8;margin:0;padding-left:12px}"
    )
    head = f'<meta charset="utf-8"><base target="_blank"><style>{style}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{clean}</body></html>"
