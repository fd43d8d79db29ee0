"""Telegram Bot API. A bot may answer at any time but can never write first.

What surprises:

- Message numbers repeat from chat to chat, so an external id carries its chat; business chats carry their
  connection too, for their chat ids are those of the bot's own private chats.
- A bot has one webhook or one reader of `getUpdates`, never both; a second reader throws the first one out.
- Sending has no key that makes a repeat harmless: a time-out stays unknown until a person decides.
- A file's address holds the bot's token: it is never stored, shown or put into an error.
- Offsets of text entities count UTF-16 units.
- A press of an inline button carries no time of its own.

aiogram costs seconds and 130 MB, so only `send.py` imports it, on a thread, when the first message leaves.
"""

from channels.telegram.bot import Telegram

CHANNEL = Telegram

__all__ = ["CHANNEL", "Telegram"]
