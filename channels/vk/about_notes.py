"""What does each thing that happens in a VK chat say to people?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.about import Text

NOTES: Final[Mapping[str, Text]] = {
    "group_created": Text(ru="Беседа создана: «{title}»", en="The chat “{title}” was created"),
    "renamed": Text(ru="Беседа теперь называется «{title}»", en="The chat is now called “{title}”"),
    "photo_changed": Text(ru="{name}: новая картинка беседы", en="{name} changed the chat's picture"),
    "photo_removed": Text(ru="{name}: убрал(а) картинку беседы", en="{name} removed the chat's picture"),
    "joined": Text(ru="Теперь в беседе: {who}", en="Now in the chat: {who}"),
    "joined_by_link": Text(ru="{name}: теперь в беседе", en="{name} joined the chat"),
    "removed": Text(ru="{name}: исключил(а) из беседы {who}", en="{name} removed {who} from the chat"),
    "left": Text(ru="{name}: вышел(а) из беседы", en="{name} left the chat"),
    "pinned": Text(ru="{name}: закрепил(а) сообщение «{text}»", en="{name} pinned “{text}”"),
    "unpinned": Text(ru="{name}: открепил(а) сообщение «{text}»", en="{name} unpinned “{text}”"),
    "screenshot": Text(ru="{name}: сделал(а) снимок экрана", en="{name} took a screenshot"),
}
