"""What do we say when something does not work, and what should one do?"""

from __future__ import annotations

from channels.about import Text

CHECKS = {
    "account": Text(ru="Ключ принят, сообщество найдено.", en="Key accepted, community found."),
    "rights": Text(ru="Прав у ключа достаточно.", en="The key has the rights it needs."),
    "rights_no_files": Text(
        ru="Тексты будут работать, но файлы отправить нельзя: у ключа нет прав {missing}. Создайте ключ "
        "с ними.",
        en="Texts will work, files cannot be sent: the key lacks {missing}. Create a key that has them.",
    ),
    "no_right_messages": Text(
        ru="У ключа нет права «сообщения сообщества». Создайте новый ключ и отметьте его.",
        en="The key lacks the right “community messages”. Create a new key with it.",
    ),
    "no_right_manage": Text(
        ru="У ключа нет права «управление», а без него опрос не включить. Создайте ключ с этим правом "
        "или включите "
        "Long Poll API вручную: Управление → Работа с API → Long Poll API.",
        en="The key lacks the right “management”, needed to switch polling on. Create a key with it, or "
        "switch the "
        "Long Poll API on by hand: Manage → API usage → Long Poll API.",
    ),
    "no_group": Text(ru="Впишите номер сообщества цифрами.", en="Enter the community number in digits."),
    "other_group": Text(
        ru="Ключ от другого сообщества. Проверьте номер сообщества или вставьте ключ от нужного.",
        en="The key belongs to another community. Check the number or paste the right key.",
    ),
    "callback": Text(ru="ВКонтакте присылает нам события.", en="VK hands its events to us."),
    "callback_missing": Text(
        ru="Наш адрес не записан в сообществе. Нажмите «Починить».",
        en="Our address is not registered with the community. Press “Repair”.",
    ),
    "callback_not_confirmed": Text(
        ru="ВКонтакте не подтвердила наш адрес. Проверьте, что сервер виден из интернета по https, и "
        "нажмите «Починить».",
        en="VK did not confirm our address. Check that the server can be reached by https, then press "
        "“Repair”.",
    ),
    "servers_full": Text(
        ru="В сообществе уже 10 серверов Callback API. Удалите лишний: Управление → Работа с API.",
        en="The community has 10 callback servers already. Remove one: Manage → API usage.",
    ),
    "callback_secret": Text(
        ru="В сообществе записан другой секретный ключ: события не пройдут. Нажмите «Починить».",
        en="The community has another secret key: events will not pass. Press “Repair”.",
    ),
    "callback_by_hand": Text(
        ru="Ключ не может сам настроить Callback API. Адрес, секретный ключ и события вставьте вручную, "
        "затем напишите "
        "тестовое сообщение.",
        en="The key cannot set up the Callback API. Paste address, secret key and events by hand, then "
        "send a test "
        "message.",
    ),
    "confirmation_missing": Text(
        ru="У ключа нет права «управление». Создайте ключ с ним или вставьте строку подтверждения и "
        "настройте Callback "
        "API вручную.",
        en="The key lacks the right “management”. Create a key with it, or paste the confirmation string "
        "and set up "
        "the Callback API by hand.",
    ),
    "no_public_url": Text(
        ru="Сервер не виден из интернета по https. Выберите «Опрашивать ВКонтакте» или задайте внешний "
        "адрес.",
        en="The server has no public https address. Choose “We ask VK”, or set a public address.",
    ),
    "events": Text(ru="Нужные события включены.", en="The events we need are on."),
    "events_off": Text(
        ru="В сообществе выключены события: {events}. Нажмите «Починить» или включите их в «Работа с API».",
        en="Events are switched off: {events}. Press “Repair” or switch them on under “API usage”.",
    ),
    "longpoll": Text(ru="Опрос ВКонтакте включён.", en="Polling of VK is on."),
    "history_unread": Text(
        ru="Сообщения за время простоя ещё не дочитаны: ВКонтакте пока не отвечает. Повторим через две минуты.",
        en="Not all that was said during the outage is read back: VK does not answer yet. Trying again in two minutes.",
    ),
    "longpoll_off": Text(
        ru="Long Poll API выключен. Нажмите «Починить» или включите его: Управление → Работа с API → "
        "Long Poll API.",
        en="The Long Poll API is off. Press “Repair” or switch it on: Manage → API usage → Long Poll API.",
    ),
    "longpoll_failed": Text(
        ru="ВКонтакте отвечает на опрос непонятно. Попробуем ещё раз сами.",
        en="VK's answers to polling make no sense. We keep trying.",
    ),
}

SENDING = {
    "key_refused": Text(
        ru="Ключ сообщества больше не действует. Создайте новый: Управление → Работа с API → Ключи доступа.",
        en="The community's key is no longer valid. Create a new one: Manage → API usage → Access tokens.",
    ),
    "app_disabled": Text(
        ru="ВКонтакте отключила приложение, которому принадлежит ключ. Создайте ключ в настройках "
        "сообщества.",
        en="VK disabled the application the key belongs to. Create a key in the community's settings.",
    ),
    "no_permission": Text(
        ru="ВКонтакте не разрешает писать этому человеку: нет его разрешения. Он снова станет доступен, "
        "когда напишет сам.",
        en="VK does not allow writing to this person: they gave no permission. They can be reached once "
        "they write.",
    ),
    "messages_denied": Text(
        ru="Клиент запретил сообщения от сообщества. Ответьте по другому каналу.",
        en="The client forbade messages from the community. Answer on another channel.",
    ),
    "blacklisted": Text(
        ru="Человек в чёрном списке сообщества. Уберите его оттуда, чтобы ответить.",
        en="The person is on the community's blacklist. Take them off it to answer.",
    ),
    "privacy": Text(
        ru="Настройки приватности человека не пускают сообщения.",
        en="The person's privacy settings forbid it.",
    ),
    "person_deleted": Text(
        ru="Страница человека удалена или заблокирована.", en="The person's page is deleted or banned."
    ),
    "person_banned": Text(ru="Страница человека заблокирована.", en="The person's page is banned."),
    "person_not_found": Text(ru="ВКонтакте не знает такого получателя.", en="VK knows no such recipient."),
    "peer_closed": Text(
        ru="Сообщество не может писать этому получателю.", en="The community may not write to this recipient."
    ),
    "request_needed": Text(
        ru="Человек ещё не принял запрос на переписку.",
        en="The person has not accepted the message request yet.",
    ),
    "writing_off": Text(ru="В этом диалоге писать запрещено.", en="Writing is switched off in this dialog."),
    "chat_closed": Text(
        ru="Сообществу закрыт доступ к этой беседе.", en="The community has no access to this chat."
    ),
    "chatbot_off": Text(
        ru="Выключены «Возможности ботов». Включите: Управление → Сообщения → Настройки для бота.",
        en="“Bot abilities” are off. Switch them on: Manage → Messages → Bot settings.",
    ),
    "provider_window_closed": Text(
        ru="ВКонтакте больше не принимает ответ: прошло слишком много времени.",
        en="VK no longer takes the answer: too much time has passed.",
    ),
    "no_right": Text(
        ru="У ключа нет права на это действие. Создайте ключ с правами: управление, сообщения, "
        "фотографии, документы.",
        en="The key lacks the right to do this. Create one with: management, messages, photos, documents.",
    ),
    "too_long": Text(ru="Сообщение слишком длинное для ВКонтакте.", en="The message is too long for VK."),
    "too_large": Text(
        ru="Файл больше, чем принимает ВКонтакте: фото до 50 МБ, документ до 200 МБ.",
        en="The file is larger than VK takes: photos up to 50 MB, documents up to 200 MB.",
    ),
    "file_kind": Text(ru="Такое ВКонтакте отправить нельзя.", en="VK cannot send this kind of file."),
    "file_refused": Text(
        ru="ВКонтакте не приняла файл. MP3 и программы документом не отправить: упакуйте в ZIP или дайте "
        "ссылку.",
        en="VK did not take the file. MP3s and programs cannot be documents: pack them or send a link.",
    ),
    "upload_failed": Text(
        ru="Файл не загрузился. Отправьте ещё раз.", en="The upload failed. Send it again."
    ),
    "file_gone": Text(
        ru="ВКонтакте больше не отдаёт этот файл. Попросите прислать его ещё раз.",
        en="VK no longer gives this file out. Ask for it to be sent again.",
    ),
    "foreign_address": Text(
        ru="Ссылка ведёт не на серверы ВКонтакте, поэтому файл не скачан.",
        en="The link leads away from VK's servers, so the file was not fetched.",
    ),
    "cannot_quote": Text(
        ru="Это сообщение нельзя процитировать. Отправьте ответ без цитаты.",
        en="This message cannot be quoted. Send the answer without the quote.",
    ),
    "cannot_change": Text(
        ru="Это сообщение уже нельзя изменить.", en="This message can no longer be changed."
    ),
    "message_gone": Text(ru="Этого сообщения во ВКонтакте уже нет.", en="The message is no longer in VK."),
    "reaction_refused": Text(
        ru="В этом диалоге такую реакцию поставить нельзя.", en="This reaction is not allowed in this dialog."
    ),
    "buttons_too_many": Text(
        ru="Кнопок или данных в них больше, чем принимает ВКонтакте.",
        en="More buttons, or more data in them, than VK takes.",
    ),
    "too_old": Text(ru="Сообщение слишком старое, его не изменить.", en="The message is too old to change."),
    "bad_request": Text(
        ru="ВКонтакте не приняла сообщение в таком виде.", en="VK refused the message as it is."
    ),
    "refused": Text(ru="ВКонтакте отказала в отправке.", en="VK refused to send it."),
    "too_many": Text(
        ru="Слишком много сообщений сразу. Отправим, как только ВКонтакте разрешит.",
        en="Too many messages at once. It goes as soon as VK allows.",
    ),
    "flood": Text(
        ru="Одинаковые сообщения слишком часто. Попробуем через минуту.",
        en="Similar messages too often. We try again in a minute.",
    ),
    "quota": Text(
        ru="Исчерпан суточный лимит ВКонтакте. Попробуем позже.", en="VK's quota is used up. We try later."
    ),
    "captcha": Text(
        ru="ВКонтакте просит капчу. Отправим через 15 минут; если повторяется, создайте новый ключ.",
        en="VK asks for a captcha. We try in 15 minutes; if it comes again, create a new key.",
    ),
    "vk_failed": Text(ru="Сбой у ВКонтакте. Попробуем ещё раз сами.", en="VK has a fault. We keep trying."),
    "timeout": Text(
        ru="ВКонтакте не ответила вовремя. Попробуем ещё раз: дважды не отправится.",
        en="VK did not answer in time. We try again: it cannot be sent twice.",
    ),
    "no_connection": Text(
        ru="Нет связи с ВКонтакте. Проверьте интернет на сервере.",
        en="No connection to VK. Check the server's internet access.",
    ),
}

INCOMING = {
    "wrong_group": Text(
        ru="Событие пришло от другого сообщества.", en="An event came from another community."
    ),
    "wrong_secret": Text(
        ru="Событие пришло с другим секретным ключом. Скопируйте его ещё раз.",
        en="An event came with another secret key. Copy it again.",
    ),
    "webhook_refused": Text(ru="Пришёл запрос не от ВКонтакте.", en="A request came that is not VK's."),
    "payload_unreadable": Text(
        ru="Событие не удалось прочитать. Оно сохранено и будет открыто после исправления.",
        en="An event could not be read. It is kept and will be opened once mended.",
    ),
}

ERRORS = {**CHECKS, **SENDING, **INCOMING}
