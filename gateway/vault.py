"""Who can read the sources' secrets? Only a process with the keys: the rows hold them sealed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

LOST = (
    "a secret was sealed with a key that is not here; put the old key back, into INBOX_SECRET_KEYS behind the new one"
    " or into the key file"
)


class VaultClosed(Exception):
    """A secret was sealed with a key that is not here."""


class Vault:
    """Seals with the newest key, opens with any of them."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise VaultClosed(
                "a key must be 32 bytes in URL-safe base64; `inbox keys new` makes one"
            ) from error

    def seal(self, secrets: Mapping[str, str]) -> str:
        """All secrets of a source as one closed text; "" for none."""
        return self._fernet.encrypt(orjson.dumps(dict(secrets))).decode() if secrets else ""

    def open(self, sealed: str) -> dict[str, str]:
        """What `seal` closed. Raises VaultClosed when the key is missing."""
        if not sealed:
            return {}
        try:
            opened: dict[str, str] = orjson.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken as error:
            raise VaultClosed(LOST) from error
        return opened

    def rotate(self, sealed: str) -> str:
        """The same secrets sealed with the newest key. Raises VaultClosed when the old one is missing."""
        try:
            return self._fernet.rotate(sealed.encode()).decode() if sealed else ""
        except InvalidToken as error:
            raise VaultClosed(LOST) from error


def load_keys(configured: str, data_dir: Path) -> list[str]:
    """The keys named by the configuration, else those of the key file (0600), made at the first start."""
    if configured.strip():
        return [key.strip() for key in configured.split(",") if key.strip()]
    path = data_dir / "secret.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
    return path.read_text("ascii").split()
