"""How is it proved that nothing was lost?"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from storage.tables.base import at, document, key, maybe, metadata, number, words

# The chain over the journal. A link holds the digests of a group of envelopes, or says which of them were erased and why;
# `digest` covers the link and the one before it.
seal = Table(
    "seal",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    words("kind"),  # sealed erased removed
    number("first"),
    number("last"),
    number("count"),
    Column("leaves", LargeBinary, nullable=False),
    words("reason"),  # of an erasure: retention lawful personal demonstration
    maybe("member_id"),
    at("at"),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
Index("ix_seal_last", seal.c.last)

# How far a source's running numbers have come. A run ends where the provider may begin anew.
numbering = Table(
    "numbering",
    metadata,
    key("source_id", primary_key=True),
    number("run"),
    number("first"),
    number("high"),
    number("seen"),
    at("at"),
)

# Numbers that were left out and have not come yet.
gap = Table(
    "gap",
    metadata,
    key("source_id"),
    number("run"),
    number("first"),
    number("last"),
    at("after_at"),  # receipt of the number before
    at("before_at"),  # receipt of the number behind
    PrimaryKeyConstraint("source_id", "run", "first"),
)

certificate = Table(
    "certificate",
    metadata,
    key("id", primary_key=True),
    at("at"),
    at("since"),
    at("until"),
    Column("balanced", Integer, nullable=False, server_default="0"),
    document("document"),
    words("signature"),
    words("public_key"),
    maybe("member_id"),
)
Index("ix_certificate_at", certificate.c.at)
