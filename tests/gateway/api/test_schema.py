"""Does the served document tell the truth? Its own requests, good and bad, against a gateway at work."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok

from tests.gateway.api.house import API, House

load_all_checks()
LEFT_OUT = frozenset({("GET", "/live"), ("POST", "/demo"), ("POST", "/demo/act"), ("DELETE", "/session")})
"""A socket; the whole demonstration; the session the test lives by."""
LONGEST_LINE = 8_000
"""From about here on the HTTP server turns a request away by itself, in plain words, before anybody of ours reads it."""
CHECKS = [
    schemathesis.checks.CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


async def test_the_served_document_is_valid_openapi(house: House) -> None:
    async with house.http.get(f"{house.base}/api/openapi.json") as got:
        found = await got.json()
    assert list(OpenAPIV31SpecValidator(found).iter_errors()) == []
    assert len(found["paths"]) > 60


@pytest.mark.parametrize(
    ("engine_kind", "mode"),
    [("postgres", GenerationMode.POSITIVE), ("sqlite", GenerationMode.NEGATIVE)],
    ids=["good-postgres", "bad-sqlite"], indirect=["engine_kind"],
)  # fmt: skip
@pytest.mark.timeout(400)
async def test_every_route_answers_as_its_document_says(house: House, mode: GenerationMode) -> None:
    await _try_every_route(house, mode, examples=1)


@pytest.mark.full
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
@pytest.mark.timeout(1200)
async def test_every_route_answers_so_many_times_over(house: House, mode: GenerationMode) -> None:
    await _try_every_route(house, mode, examples=30)


async def _try_every_route(house: House, mode: GenerationMode, examples: int) -> None:
    """Send generated requests with an administrator's token; raise with everything that did not fit."""
    known = await _known_ids(house)
    token = (await house.admin.post("/tokens", {"name": "schema"}))["token"]
    async with house.http.get(f"{house.base}/api/openapi.json") as got:
        document = await got.json()
    wrong = await asyncio.to_thread(_send_all, house.base, document, token, known, mode, examples)
    assert not wrong, "\n\n".join(wrong)


async def _known_ids(house: House) -> dict[str, list[str]]:
    """Things that are there, by the collection of their path."""
    conversation = await house.hears("anna", "hello", files=["one"])
    await house.hears("boris", "and me")
    timeline = await house.admin.get(f"/conversations/{conversation}/messages")
    card = await house.admin.get(f"/conversations/{conversation}")
    other = await house.person("operator")
    rows = await house.rows("SELECT id FROM envelope ORDER BY id")
    return {
        "conversations": [conversation],
        "messages": [item["id"] for item in timeline["items"]],
        "contacts": [card["contact"]["id"]],
        "deals": [one["id"] for one in card["contact"]["deals"]],
        "attachments": [file["id"] for item in timeline["items"] for file in item["attachments"]],
        "sources": [house.source_id],
        "members": [other.id],
        "envelopes": [str(row.id) for row in rows],
        "drafts": [conversation],
    }


def _send_all(
    base: str, document: Mapping[str, Any], token: str, known: Mapping[str, Sequence[str]], mode: GenerationMode,
    examples: int,
) -> list[str]:  # fmt: skip
    """What did not fit, one text an operation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tool's own making, about its own libraries
        schema = schemathesis.openapi.from_dict(dict(document))
        operations: list[Any] = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
        assert len(operations) == sum(map(len, document["paths"].values()))
        found = [
            _send(base, one, token, known, mode, examples)
            for one in operations
            if (one.method.upper(), one.path.removeprefix(API)) not in LEFT_OUT
        ]
    return [text for text in found if text]


def _send(
    base: str,
    operation: Any,
    token: str,
    known: Mapping[str, Sequence[str]],
    mode: GenerationMode,
    examples: int,
) -> str:
    collection = re.match(rf"{API}/(\w+)/{{id}}", operation.path)
    there = known.get(collection[1], ()) if collection is not None else ()

    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, verbosity=Verbosity.quiet,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(mode), ref=st.sampled_from([*there, ""]))
    def send(case: Any, ref: str) -> None:
        if ref:
            case.path_parameters["id"] = ref
        answer = case.call(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        if len(answer.request.url) > LONGEST_LINE:
            assert answer.status_code == 400
        else:
            case.validate_response(answer, checks=CHECKS)

    try:
        send()
    except Exception as error:
        if type(error).__name__ in ("Unsatisfiable", "SkipTest"):
            return ""  # nothing bad can be made of a request that takes nothing
        return f"{operation.method.upper()} {operation.path}: {error!r}\n{error}"
    return ""
