"""Which version is this?"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("inbox-gateway")
except PackageNotFoundError:  # run from a checkout that is not installed
    VERSION = "0.1.0"
