"""What do we remember?

The only room that knows SQL and Redis. Functions are plain and synchronous, take a SQLAlchemy `Connection` (reading) or a
`Transaction` (writing), and never commit: `Database.read` and `Database.write` run one as one transaction.
"""
