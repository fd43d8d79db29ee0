"""What is a telephone system told that asks whom to ring? The mapping's answer, filled in with who was found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from channels.base import RouteAnswer


def routes_of(settings: Mapping[str, str]) -> dict[str, str]:
    """What the system calls each extension where it does not know it by its number: a branch of a scheme, an outer
    number. Lines of "extension = value"."""
    pairs = (line.partition("=") for line in re.split(r"[\n;]+", settings.get("routes", "")) if "=" in line)
    return {
        member.strip(): value.strip()[:64] for member, _, value in pairs if member.strip() and value.strip()
    }


def speaks_of_routes(template: Any) -> bool:
    match template:
        case str():
            return "$route" in template
        case dict():
            return any(map(speaks_of_routes, template.values()))
        case list():
            return any(map(speaks_of_routes, template))
    return False


def fill(
    template: Any, answer: RouteAnswer, member: str = "", routes: Mapping[str, str] | None = None
) -> Any:
    """The template with $member (the first), $members, $name, $route, $routes and {"$each": …} replaced by what
    the answer says. A text that is XML is filled in as XML."""
    routes = routes or {}
    first = member or next(iter(answer.members), "")
    match template:
        case "$member":
            return first
        case "$members":
            return list(answer.members)
        case "$name":
            return answer.client_name
        case "$route":
            found = routes.get(first, "")
            return int(found) if re.fullmatch(r"[0-9]{1,6}", found) else found
        case "$routes":
            return [routes[one] for one in answer.members if one in routes]
        case {"$each": inner}:
            return [fill(inner, answer, one, routes) for one in answer.members]
        case dict():
            return {name: fill(inner, answer, first, routes) for name, inner in template.items()}
        case list():
            return [fill(inner, answer, first, routes) for inner in template]
        case str() if template.startswith("<"):
            words = {"$member": first, "$name": answer.client_name, "$route": routes.get(first, "")}
            return re.sub(
                r"\$(member|name|route)\b", lambda found: escape(words[found[0]], {'"': "&quot;"}), template
            )
    return template
