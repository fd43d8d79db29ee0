"""How does vk_api speak for one community?

Imported only on the community's own threads: requests and vk_api take time to import. vk_api has its address
built in, sets no time limits, repeats calls without bound, and paces them by the clock on the wall, so that it would sleep for
an hour when that is set back by one; here it gets an address and limits, and loses its handlers and its pace.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from channels.errors import SendFailed, TryLater
from channels.vk.api import Queue
from channels.vk.failures import failure, http_failure
from channels.vk.hosts import API, is_loopback

VERSION = "5.199"
TRIES = 3
PAUSE = 0.4
# The library has no types: it is taken as a plain module.
_library = importlib.import_module("vk_api")
_exceptions = importlib.import_module("vk_api.exceptions")
_memory: Any = importlib.import_module("jconfig").MemoryConfig


class Gate(HTTPAdapter):
    """Gives every request a time limit and sends those for VK's API to the account's own address."""

    def __init__(self, base: str, patience: tuple[float, float]) -> None:
        self._base = base
        self._patience = patience
        super().__init__(max_retries=0)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """As HTTPAdapter.send."""
        url = request.url or ""
        if url.startswith(f"{API}/") and self._base != API:
            request.url = self._base + url.removeprefix(API)
            request.headers["Host"] = urlsplit(self._base).netloc
        limits = timeout or self._patience
        return super().send(request, stream=stream, timeout=limits, verify=verify, cert=cert, proxies=proxies)


class Session:
    """vk_api for one community. One thread at a time."""

    def __init__(self, token: str, base: str, patience: tuple[float, float], turns: Queue) -> None:
        self.given_up = threading.Event()
        """Nobody waits for the work in hand any more."""
        self._turns = turns
        self.http = requests.Session()
        self.http.trust_env = not is_loopback(urlsplit(base).hostname or "")
        self.http.max_redirects = 0
        for prefix in ("https://", "http://"):
            self.http.mount(prefix, Gate(base, patience))
        self._api = _library.vk_api.VkApiGroup(
            token=token, api_version=VERSION, session=self.http, config=_memory
        )
        self._api.error_handlers.clear()  # they repeat without bound, or ask a person at a terminal

    def call(self, method: str, values: Mapping[str, Any], tries: int = TRIES) -> Any:
        """VK's answer. Raises SendFailed's kin; "too many requests" is tried again here, a few times."""
        for left in range(tries - 1, -1, -1):
            self._turns.wait()
            self.check_wanted()
            try:
                with our_errors():
                    self._api.last_request = 0.0
                    return self._api.method(method, dict(values))
            except TryLater as error:
                if error.code != "too_many" or (error.after or 0) > 1 or not left:
                    raise
                time.sleep(PAUSE * (tries - left))
        raise AssertionError("unreachable")

    def check_wanted(self) -> None:
        """Raises TryLater when nobody waits any more: what is tried again must not be done twice at once."""
        if self.given_up.is_set():
            raise TryLater("given up", code="timeout")

    def close(self) -> None:
        self.http.close()


@contextmanager
def our_errors() -> Iterator[None]:
    """The library's errors become ours; nothing else leaves."""
    try:
        yield
    except SendFailed:
        raise
    except _exceptions.ApiError as error:
        raise failure(int(error.code), str(error.error.get("error_msg", ""))) from None
    except _exceptions.ApiHttpError as error:
        raise refused_by_http(error.response) from None
    except (requests.ConnectTimeout, requests.ConnectionError) as error:
        raise TryLater(type(error).__name__, code="no_connection") from None
    except requests.Timeout as error:
        raise TryLater(type(error).__name__, code="timeout") from None
    except (requests.RequestException, KeyError, TypeError, ValueError, IndexError) as error:
        # Not an answer of VK's API: a page of a proxy, a cut body.
        raise TryLater(type(error).__name__, code="vk_failed") from None


def refused_by_http(response: requests.Response) -> SendFailed:
    """What an HTTP status outside 2xx means."""
    headers = response.headers
    return http_failure(response.status_code, headers.get("Retry-After", ""), headers.get("Date", ""))
