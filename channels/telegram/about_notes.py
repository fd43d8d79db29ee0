"""What does each thing that happens in a Telegram chat say to people?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.about import Text

NOTES: Final[Mapping[str, Text]] = {
    "joined": Text(ru="Теперь в группе: {who}", en="Now in the group: {who}"),
    "left": Text(ru="{name}: вышел(а) из группы", en="{name} left the group"),
    "removed": Text(ru="{name}: удалил(а) из группы {who}", en="{name} removed {who} from the group"),
    "renamed": Text(ru="Группа теперь называется «{title}»", en="The group is now called “{title}”"),
    "photo_changed": Text(ru="{name}: новая картинка группы", en="{name} changed the group's picture"),
    "photo_removed": Text(ru="{name}: убрал(а) картинку группы", en="{name} removed the group's picture"),
    "group_created": Text(ru="Группа создана", en="The group was created"),
    "pinned": Text(ru="{name}: закрепил(а) сообщение «{text}»", en="{name} pinned “{text}”"),
    "topic_created": Text(ru="Тема «{title}» открыта", en="Topic “{title}” was opened"),
    "topic_renamed": Text(ru="Тема теперь называется «{title}»", en="The topic is now called “{title}”"),
    "topic_closed": Text(ru="Тема закрыта", en="The topic was closed"),
    "topic_reopened": Text(ru="Тема снова открыта", en="The topic was opened again"),
    "upgraded": Text(ru="Группа стала супергруппой", en="The group became a supergroup"),
    "video_chat_started": Text(ru="Начался видеочат", en="A video chat began"),
    "video_chat_ended": Text(ru="Видеочат закончился", en="The video chat ended"),
    "auto_delete": Text(
        ru="{name}: изменил(а) срок автоудаления сообщений",
        en="{name} changed after how long messages delete themselves",
    ),
    "bot_added": Text(ru="{name}: добавил(а) бота в группу", en="{name} added the bot to the group"),
    "bot_removed": Text(
        ru="{name}: удалил(а) бота из группы. Писать сюда больше нельзя.",
        en="{name} removed the bot from the group. Nothing can be written here any more.",
    ),
}
