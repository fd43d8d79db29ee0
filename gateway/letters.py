"""How is a stranger's letter shown without harm? Sanitised here, and in a frame of its own that can run nothing."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

import nh3

TAGS = nh3.ALLOWED_TAGS | {"font"}
ATTRIBUTES = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"dir", "lang", "align", "valign", "width", "height", "bgcolor", "color", "class", "id"},
    "blockquote": {"type"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "a": {"href", "title"},
}
SILENT = {
    "script", "style", "title", "head", "noscript", "iframe", "object", "svg", "math", "template", "textarea", "select",
}  # fmt: skip
"""Tags whose text is no text of the letter."""
LARGEST = 2_000_000
QUOTES = frozenset(
    (
        "gmail_quote",
        "gmail_quote_container",
        "gmail_extra",
        "gmail_attr",
        "moz-cite-prefix",
        "yahoo_quoted",
        "protonmail_quote",
        "gw_quote",
    )
)
RESTS = frozenset(("appendonsend", "x_appendonsend", "divRplyFwdMsg", "x_divRplyFwdMsg", "reply-intro"))
"""Marks of mail programs: a quote, and where everything after is one."""
FOLDED = ".quoted,blockquote[type=cite],#rest,#rest~*{display:none}"


def letter_csp(remote: bool) -> str:
    """What a letter's page may do: show, and follow links in a new tab. Nothing runs, nothing is sent."""
    pictures = "'self' data: https:" if remote else "'self' data:"
    return (
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
        f" img-src {pictures}; style-src 'unsafe-inline'"
    )


def quotable(html: str) -> str:
    """A letter as it may be repeated in one of ours: nothing that runs, no pictures that only the original had."""
    return nh3.clean(
        html[:LARGEST],
        tags=TAGS - {"img"},
        clean_content_tags=SILENT,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def page_of(html: str, inline: Mapping[str, str], *, remote: bool, quoted: bool = True) -> str:
    """A whole page of the letter. Pictures it carries (Content-ID -> our address) come from us, others if asked for.

    Without `quoted` what it repeats of earlier letters is folded away."""
    pictures = {cid.lower(): ours for cid, ours in inline.items()}

    def address(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return "quoted" if not QUOTES.isdisjoint(value.split()) else None
        if name == "id":
            return "rest" if value in RESTS else None
        if name == "type":
            return "cite" if value.lower() == "cite" else None
        if name not in ("src", "href"):
            return value
        scheme, _, rest = value.strip().partition(":")
        match scheme.lower():
            case "cid" if tag == "img":
                return pictures.get(unquote(rest).lower())
            case "http" | "https" if tag == "img":
                return value if remote else None
            case "data" if tag == "img" and rest.startswith("image/"):
                return value
            case "http" | "https" | "mailto" | "tel" if tag == "a":
                return value
            case _:
                return None

    clean = nh3.clean(
        html[:LARGEST],
        tags=TAGS,
        clean_content_tags=SILENT,
        attributes=ATTRIBUTES,
        attribute_filter=address,
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
        link_rel="noopener noreferrer nofollow",
    )
    style = (
        "body{font:14px/1.45 system-ui,sans-serif;margin:8px;color:#15181e;background:#fff;overflow-wrap:anywhere}"
        "img{max-width:100%;height:auto}table{max-width:100%}blockquote{border-left:2px solid #dce1e8;margin:0;padding-left:12px}"
    )
    if not quoted:
        style += FOLDED
    head = f'<meta charset="utf-8"><base target="_blank"><style>{style}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{clean}</body></html>"
