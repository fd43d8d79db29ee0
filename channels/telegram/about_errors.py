"""What does each code of Telegram say to people, and what are they to do?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.about import Text

ERRORS: Final[Mapping[str, Text]] = {
    # --- checks ---
    "bot": Text(ru="Ключ принят, бот отвечает", en="The token is right, the bot answers"),
    "webhook": Text(
        ru="Приём сообщений включён: Telegram обращается к нам", en="Receiving: Telegram calls us"
    ),
    "polling": Text(ru="Приём сообщений включён: мы опрашиваем Telegram", en="Receiving: we ask Telegram"),
    "token_wrong": Text(
        ru="Telegram не принимает ключ. Скопируйте его у @BotFather целиком или выпустите новый: /token.",
        en="Telegram refuses the token. Copy all of it from @BotFather or get a new one: /token.",
    ),
    "api_base_wrong": Text(
        ru="Адрес сервера Bot API должен начинаться с https://.",
        en="The address of the Bot API server must begin with https://.",
    ),
    "hook_missing": Text(
        ru="У сервера нет внешнего адреса, Telegram не сможет к нему обратиться. Укажите адрес в настройках "
        "компании или выберите «Мы опрашиваем Telegram».",
        en="The server has no public address, so Telegram cannot call it. Set one in the company's settings "
        "or choose “We ask Telegram”.",
    ),
    "webhook_missing": Text(
        ru="Telegram никуда не передаёт сообщения. Нажмите «Починить», и мы включим приём снова.",
        en="Telegram delivers messages nowhere. Press Repair and we will switch receiving on again.",
    ),
    "webhook_elsewhere": Text(
        ru="Сообщения этого бота забирает другая программа. Отключите её или нажмите «Починить», чтобы "
        "забирать их сюда.",
        en="Another program receives this bot's messages. Switch it off, or press Repair to get them here.",
    ),
    "webhook_taken_over": Text(
        ru="Раньше сообщения бота получала другая программа. Теперь они приходят сюда.",
        en="Another program used to receive the bot's messages. Now they come here.",
    ),
    "webhook_refused": Text(
        ru="Telegram не принял наш адрес. Проверьте, что он открывается из интернета по https.",
        en="Telegram refused our address. Check that it opens from the internet over https.",
    ),
    "last_error": Text(
        ru="Telegram не может доставить нам сообщения. Проверьте адрес сервера и его сертификат.",
        en="Telegram cannot deliver messages to us. Check the server's address and its certificate.",
    ),
    "pending": Text(
        ru="В Telegram ждут доставки сообщения.", en="Messages are waiting at Telegram to be delivered."
    ),
    "updates_partial": Text(
        ru="Включены не все виды событий: не придут, например, реакции. Нажмите «Починить».",
        en="Not all kinds of events are on: reactions, for one, will not come. Press Repair.",
    ),
    "other_reader": Text(
        ru="Этот ключ уже читает другая программа. Отключите её или создайте нового бота.",
        en="Another program already reads with this token. Switch it off or make a new bot.",
    ),
    # --- sending ---
    "slow_down": Text(
        ru="Telegram просит писать реже. Отправим сами, как только можно.",
        en="Telegram asks us to slow down. We will send as soon as we may.",
    ),
    "blocked_by_client": Text(
        ru="Клиент запретил сообщения от бота.", en="The client forbade messages from the bot."
    ),
    "address_dead": Text(ru="Клиент удалил свой Telegram.", en="The client deleted their Telegram account."),
    "no_permission_at_provider": Text(
        ru="Telegram не даёт боту написать этому человеку: он ещё не нажимал «Старт» или удалил переписку.",
        en="Telegram does not let the bot write to this person: they never pressed Start or left the chat.",
    ),
    "not_in_group": Text(
        ru="Бота больше нет в этой группе. Добавьте его снова.",
        en="The bot is no longer in this group. Add it again.",
    ),
    "not_supported": Text(
        ru="Этот сервер Bot API такого не умеет. Обновите его или сделайте это в Telegram.",
        en="This Bot API server cannot do that. Update it, or do it in Telegram.",
    ),
    "no_rights": Text(
        ru="У бота нет права писать в эту группу. Его даёт администратор группы.",
        en="The bot may not write in this group. An administrator of the group can allow it.",
    ),
    "topic_closed": Text(
        ru="Тема в группе закрыта или удалена.", en="The topic in the group is closed or deleted."
    ),
    "provider_window_closed": Text(
        ru="Telegram разрешает отвечать от вашего имени только 24 часа после сообщения клиента.",
        en="Telegram lets us answer in your name only for 24 hours after the client's message.",
    ),
    "business_disconnected": Text(
        ru="Бот отключён от бизнес-аккаунта. Подключите его: Настройки → Telegram для бизнеса → Чат-боты.",
        en="The bot is disconnected from the business account. Connect it: Settings → Telegram Business → "
        "Chatbots.",
    ),
    "voice_forbidden": Text(
        ru="Клиент запретил голосовые сообщения. Отправьте текст или файл.",
        en="The client does not take voice messages. Send text or a file.",
    ),
    "message_gone": Text(
        ru="Этого сообщения в Telegram уже нет.", en="The message is no longer in Telegram."
    ),
    "unchanged": Text(ru="В сообщении ничего не изменилось.", en="Nothing in the message has changed."),
    "cannot_edit": Text(
        ru="Telegram больше не даёт изменить это сообщение.",
        en="Telegram no longer lets this message be changed.",
    ),
    "cannot_delete": Text(
        ru="Telegram не даёт удалить это сообщение: бот может удалить своё в течение 48 часов.",
        en="Telegram does not let this message be deleted: a bot may delete its own for 48 hours.",
    ),
    "cannot_react": Text(
        ru="В личных чатах бизнес-аккаунта бот не может ставить реакции.",
        en="A bot cannot react in the private chats of a business account.",
    ),
    "reaction_refused": Text(
        ru="В этом чате такую реакцию поставить нельзя.", en="This reaction is not allowed in this chat."
    ),
    "buttons_too_many": Text(
        ru="Кнопок или данных в них больше, чем принимает Telegram.",
        en="More buttons, or more data in them, than Telegram takes.",
    ),
    "too_long": Text(
        ru="Текст длиннее, чем принимает Telegram. Разделите его.",
        en="The text is longer than Telegram takes. Split it.",
    ),
    "too_large": Text(
        ru="Файл больше, чем принимает Telegram: отправить можно до 50 МБ, получить до 20 МБ; свой сервер Bot API — до 2 ГБ.",
        en="The file is larger than Telegram takes: 50 MB to send, 20 MB to receive (a Bot API server of your own takes 2 GB).",
    ),
    "card_no_phone": Text(ru="В карточке контакта нет телефона.", en="The contact card has no phone number."),
    "file_empty": Text(ru="Файл пуст.", en="The file is empty."),
    "file_unreadable": Text(
        ru="Не удалось прочитать файл на сервере. Попробуем ещё раз.",
        en="The file could not be read on our server. We will try again.",
    ),
    "file_unavailable": Text(
        ru="Telegram не отдаёт этот файл. Попросите прислать его ещё раз.",
        en="Telegram does not give this file out. Ask for it to be sent again.",
    ),
    "empty": Text(ru="Нечего отправлять.", en="There is nothing to send."),
    "no_chat": Text(ru="Неизвестно, в какой чат писать.", en="It is not known which chat to write to."),
    "refused": Text(ru="Telegram не принял сообщение.", en="Telegram refused the message."),
    # --- nobody knows ---
    "timeout": Text(
        ru="Telegram не ответил вовремя. Проверьте в чате, дошло ли сообщение.",
        en="Telegram did not answer in time. Look in the chat whether the message arrived.",
    ),
    "connection_lost": Text(
        ru="Связь оборвалась во время отправки. Проверьте в чате, дошло ли сообщение.",
        en="The connection broke while sending. Look in the chat whether the message arrived.",
    ),
    "server_error": Text(
        ru="У Telegram неполадки. Проверьте в чате, дошло ли сообщение.",
        en="Telegram has trouble. Look in the chat whether the message arrived.",
    ),
    "bad_answer": Text(
        ru="Сервер ответил не так, как отвечает Telegram. Проверьте адрес Bot API и чат.",
        en="The server did not answer as Telegram does. Check the Bot API address and the chat.",
    ),
    "partly_sent": Text(
        ru="Дошла только часть сообщения. Посмотрите в чате, чего не хватает.",
        en="Only part of the message arrived. Look in the chat for what is missing.",
    ),
    "network": Text(
        ru="Нет связи с Telegram. Попробуем ещё раз.", en="No connection to Telegram. We will try again."
    ),
    "payload_unreadable": Text(
        ru="Сообщение от Telegram не удалось разобрать. Оно сохранено, посмотрите в «Сбоях».",
        en="A message from Telegram could not be read. It is kept; look under Failures.",
    ),
}
