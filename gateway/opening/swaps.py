"""Which files did an edit take away, and which did it bring?"""

from __future__ import annotations

from collections.abc import Collection

from channels.events import Attachment, MessageEdited
from storage.board import Board, KeptFile, Message, NewAttachment
from storage.ids import new_id

Came = tuple[int, Attachment]
"""Its place, and the file."""


def swap_of(board: Board, message: Message, event: MessageEdited) -> tuple[tuple[str, ...], tuple[Came, ...]]:
    """The files that went, and those that came; both empty when they are the same, or nobody can tell.

    An edit of an album's part is about that part's files alone. Files whose name at the network is not known (our own, or kept
    long ago) stay: only words are believed there.
    """
    if event.attachments is None:
        return (), ()
    files = board.files_of(message)
    held = [one for one in files if not one.gone and (not message.group_key or one.position == event.seq)]
    if any(not one.mark for one in held):
        return (), ()
    told = {one.mark or one.ref for one in event.attachments}
    gone = tuple(one.id for one in held if one.mark not in told)
    return gone, tuple(_came(message, event, _known(files, held, message, event)))


def _known(
    files: Collection[KeptFile], held: Collection[KeptFile], message: Message, event: MessageEdited
) -> set[str]:
    """What needs no fetching: it is there, or was, and a late edit only tells what it was before."""
    return {one.mark for one in (files if event.at < message.edited_at and not message.group_key else held)}


def _came(message: Message, event: MessageEdited, known: set[str]) -> list[Came]:
    base = event.seq if message.group_key else 0
    told = enumerate(event.attachments or ())
    return [(base + place, one) for place, one in told if (one.mark or one.ref) not in known]


def hang(board: Board, message: Message, envelope_id: int, position: int, file: Attachment) -> str:
    """Have a file that came fetched; its id."""
    new = NewAttachment(
        new_id(board.now), message.id, position, message.source_id, envelope_id, file, held=message.nature == "personal"
    )  # fmt: skip
    board.add_file(new)
    return new.id


def leave(board: Board, message: Message, ids: tuple[str, ...]) -> tuple[str, ...]:
    """From now on these files belong to an earlier version; the same ids."""
    for file in board.files_of(message):
        if file.id in ids:
            file.gone = True
    return ids
