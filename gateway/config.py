"""How is this installation set up? `INBOX_…` variables or a file; the table in docs/configuration.md is made from here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MEGABYTE = 1024 * 1024


class Config(BaseSettings):
    """All settings of a process. Each is read from INBOX_<NAME>, else from the file named by INBOX_ENV_FILE (.env)."""

    model_config = SettingsConfigDict(env_prefix="INBOX_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Annotated[Path, Field(description="Folder of the embedded database, files and keys.")] = Path(
        "data"
    )
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(description="Port to listen on.", ge=0, le=65535)] = 8080
    database_url: Annotated[
        str, Field(description="PostgreSQL address; empty: SQLite in the data folder.")
    ] = ""
    redis_url: Annotated[str, Field(description="Redis address; empty: one process needs none.")] = ""
    files_url: Annotated[
        str,
        Field(description="Where files are kept; empty: a folder in the data folder."),
    ] = ""
    public_url: Annotated[
        str,
        Field(
            description="Address by which providers and clients reach us, https; overrides the one set in the console."
        ),
    ] = ""
    secret_keys: Annotated[
        SecretStr,
        Field(
            description="Keys that seal sources' secrets, newest first, separated by commas; empty: a key file."
        ),
    ] = SecretStr("")
    log_level: Annotated[str, Field(description="debug, info, warning or error.")] = "info"
    log_format: Annotated[str, Field(description="text or json.", pattern="^(text|json)$")] = "text"
    max_body: Annotated[int, Field(description="Largest hook body, bytes.")] = 25 * MEGABYTE
    max_upload: Annotated[int, Field(description="Largest file an operator may attach, bytes.")] = (
        50 * MEGABYTE
    )
    max_media: Annotated[int, Field(description="Largest file fetched from a network, bytes.")] = (
        100 * MEGABYTE
    )
    intake_memory: Annotated[
        int, Field(description="Bytes of larger hook bodies that one process holds in memory at a time.")
    ] = 128 * MEGABYTE
    intake_queue: Annotated[int, Field(description="Hooks that may wait for the journal before 503.")] = 5000
    batch: Annotated[int, Field(description="Envelopes a worker takes at a time.")] = 500
    pool: Annotated[int, Field(description="Connections to PostgreSQL kept open by one process.")] = 10
    database_patience: Annotated[
        float, Field(gt=0, description="Seconds to wait for a connection to PostgreSQL before answering 503.")
    ] = 5.0
    trust_proxy: Annotated[
        int,
        Field(description="How many reverse proxies stand before us and may name the caller's address."),
    ] = 0
    keep_bodies_days: Annotated[
        int, Field(description="Days after which opened envelopes lose their bodies; 0: never.", ge=0)
    ] = 90
    keep_aside_days: Annotated[
        int, Field(description="Days after which set-aside envelopes lose their bodies; 0: never.", ge=0)
    ] = 0
    keep_spam_days: Annotated[
        int, Field(description="Days after which what was taken for spam loses its words; 0: never.", ge=0)
    ] = 30

    certificate_hour: Annotated[
        int, Field(description="Hour of the nightly certificate, UTC.", ge=0, le=23)
    ] = 0

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(
            ("postgresql://", "postgresql+", "postgres://", "sqlite:///", "sqlite+")
        ):
            raise ValueError(
                "an address like postgresql://user:password@host:5432/name is wanted; empty is SQLite"
            )
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("an address like redis://host:6379/0 is wanted; empty is none")
        return value

    def database(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'inbox.db').absolute()}"

    def files(self) -> str:
        """Where the file store is: a folder or an s3:// address."""
        return self.files_url or str((self.data_dir / "files").absolute())
