"""What do telephony's codes mean, in words?"""

from __future__ import annotations

from collections.abc import Mapping

from channels.about import Text

ERRORS: Mapping[str, Text] = {
    "mango_key_ok": Text(
        ru="Ключ принят. Сотрудников в Mango Office: {people}",
        en="Key accepted. Employees in Mango Office: {people}",
    ),
    "mango_key_missing": Text(
        ru="Нет кода АТС или ключа подписи. Скопируйте оба из API коннектора",
        en="The exchange's code or the signing key is missing. Copy both from the API connector",
    ),
    "mango_key_refused": Text(
        ru="Mango Office не принимает ключ. Скопируйте код и ключ подписи ещё раз; если в коннекторе задан "
        "список "
        "IP-адресов, добавьте адрес этого сервера",
        en="Mango Office refuses the key. Copy code and signing key again; if the connector has a list of IP "
        "addresses, add this server's",
    ),
    "provider_unreachable": Text(
        ru="Телефонная система не отвечает. Проверьте адрес API и выход в интернет",
        en="The telephone system does not answer. Check the API address and the way to the internet",
    ),
    "hook_reachable": Text(ru="Внешний адрес задан", en="The public address is set"),
    "no_public_url": Text(
        ru="Нет внешнего адреса: звонки сюда не дойдут. Задайте его в настройках компании",
        en="There is no public address: calls cannot arrive. Set it in the company's settings",
    ),
    "mapping_ready": Text(ru="Описание событий готово", en="The description of events is ready"),
    "mapping_not_json": Text(
        ru="Описание событий — не JSON. Проверьте скобки и кавычки",
        en="The description of events is not JSON. Check brackets and quotes",
    ),
    "mapping_too_large": Text(ru="Описание больше 64 КБ", en="The description is over 64 kB"),
    "mapping_too_deep": Text(ru="Описание слишком вложенное", en="The description is nested too deeply"),
    "mapping_no_events": Text(
        ru="В описании нет правил событий или их больше 64", en="There are no event rules, or over 64"
    ),
    "mapping_no_call_id": Text(
        ru="Не указано поле, по которому узнаётся звонок: fields.call_id",
        en="No field tells which call it is: fields.call_id",
    ),
    "mapping_no_client": Text(
        ru="Не указано поле с номером клиента: fields.client",
        en="No field holds the client's number: fields.client",
    ),
    "mapping_no_end": Text(
        ru="Ни одно правило не завершает звонок: нужно leg_ended или call_ended",
        en="No rule ends a call: leg_ended or call_ended is needed",
    ),
    "mapping_no_answer": Text(
        ru="Для вопроса «кому звонить» нужны answer и empty",
        en="The question whom to ring needs answer and empty",
    ),
    "mapping_bad_emit": Text(
        ru="Правило даёт неизвестное событие. Можно: ringing, answered, leg_ended, call_ended, recording, "
        "ignore",
        en="A rule emits an unknown event. Possible: ringing, answered, leg_ended, call_ended, recording, "
        "ignore",
    ),
    "mapping_bad_value": Text(
        ru="Так значение не описать. Место указано рядом", en="No such form of a value"
    ),
    "mapping_bad_condition": Text(
        ru="Так условие не описать. Место указано рядом", en="No such form of a condition. The place is given"
    ),
    "mapping_bad_converter": Text(ru="Неизвестное преобразование", en="An unknown converter"),
    "mapping_bad_zone": Text(ru="Часовой пояс пишется как +03:00", en="A zone is written as +03:00"),
    "mapping_no_object": Text(ru="Здесь нужен объект {…}", en="An object {…} is needed here"),
    "mapping_no_list": Text(ru="Здесь нужен список […]", en="A list […] is needed here"),
    "mapping_no_number": Text(ru="Здесь нужно целое число", en="A whole number is needed here"),
    "mapping_unknown_word": Text(
        ru="Неизвестное слово в описании. Проверьте, нет ли опечатки", en="An unknown word. Is it misspelt?"
    ),
    "mapping_unknown_preset": Text(
        ru="Такого готового описания нет", en="There is no such ready description"
    ),
    "mapping_unusable": Text(
        ru="Событие сохранено, но описание не годится. Исправьте его и повторите",
        en="The event was kept, but the description cannot be used. Mend it and try again",
    ),
    "secret_missing": Text(
        ru="Не задан секрет: без него не принимается ничего",
        en="The secret is missing: nothing is taken without it",
    ),
    "no_recording_hosts": Text(
        ru="Не указано, откуда брать записи: они не загрузятся",
        en="No server of recordings is named: none is fetched",
    ),
    "bad_json": Text(ru="Пришёл испорченный JSON. Событие сохранено", en="Broken JSON came. It was kept"),
    "bad_form": Text(
        ru="Пришли данные непонятного вида. Событие сохранено", en="Unreadable data came. It was kept"
    ),
    "no_call_id": Text(ru="В событии нет номера звонка", en="The event names no call"),
    "no_recording": Text(ru="В событии нет адреса записи", en="The event holds no address of a recording"),
    "unknown_event": Text(ru="Неизвестное состояние звонка", en="An unknown state of a call"),
    "recording_not_ready": Text(
        ru="Запись ещё готовится, повторим", en="The recording is not ready; we try again"
    ),
    "recording_forbidden": Text(
        ru="Телефонная система не отдаёт запись. Проверьте права ключа и срок хранения записей",
        en="The telephone system keeps the recording. Check the key's rights and how long recordings are "
        "stored",
    ),
    "recording_not_sound": Text(
        ru="Вместо записи телефония прислала страницу или другой файл. Спросим ещё раз позже",
        en="The telephone system sent a page or another file instead of the recording. We ask again later",
    ),
    "recording_refused": Text(
        ru="Телефонная система не отдала запись", en="The telephone system gave no recording"
    ),
    "foreign_host": Text(
        ru="Запись лежит на сервере, которого нет в списке. Добавьте его в настройку «Откуда брать записи»",
        en="The recording lies on a server that is not listed. Add it to “Where recordings lie”",
    ),
    "too_large": Text(ru="Запись больше 50 МБ", en="The recording is over 50 MB"),
    "cannot_answer": Text(
        ru="В звонок нельзя написать: перезвоните", en="A call cannot be written to: call back"
    ),
    "cannot_call": Text(
        ru="Через эту телефонную систему мы не умеем звонить", en="We cannot place calls through this system"
    ),
    "call_billing": Text(
        ru="Телефонная система не разрешает звонок: проверьте счёт и тариф",
        en="The telephone system refuses: check the balance",
    ),
    "call_bad_number": Text(
        ru="Телефонная система не знает такого номера или сотрудника",
        en="The telephone system knows no such number or employee",
    ),
    "call_refused": Text(
        ru="Телефонная система отказала в звонке", en="The telephone system refused the call"
    ),
    "no_answer": Text(
        ru="Телефонная система не ответила. Звонок мог начаться: посмотрите на телефон",
        en="The telephone system did not answer. The call may have begun: look at the telephone",
    ),
    "slow_down": Text(ru="Слишком много запросов, подождём", en="Too many requests, we wait"),
    "call_key_ok": Text(ru="Ключ API принят", en="The API key is accepted"),
    "call_key_refused": Text(
        ru="Телефонная система не принимает ключ API. Скопируйте его ещё раз; если в кабинете задан список "
        "IP-адресов, добавьте адрес этого сервера",
        en="The telephone system refuses the API key. Copy it again; if the account has a list of IP addresses, add "
        "this server's",
    ),
    "no_api": Text(
        ru="Ключ API не задан: звонить из карточки и находить потерянные звонки не получится",
        en="No API key: calls cannot be placed from a card, and lost ones cannot be found",
    ),
    "itl_token_missing": Text(
        ru="Не задан ключ для авторизации CRM (crm_token)", en="The key for the CRM (crm_token) is missing"
    ),
    "itl_token_set": Text(ru="Ключ для событий задан", en="The key for events is set"),
    "zadarma_key_missing": Text(
        ru="Нет ключа или секрета API. Скопируйте оба из кабинета: без них события не подписаны и не принимаются",
        en="The API key or secret is missing. Copy both: without them events are unsigned and not taken",
    ),
    "no_history": Text(
        ru="Эта система не отдаёт историю звонков", en="This system does not give its history of calls"
    ),
    "xml_dtd": Text(
        ru="Пришёл XML с объявлениями, такой не читаем. Событие сохранено",
        en="XML with declarations came, which is not read. It was kept",
    ),
    "bad_xml": Text(ru="Пришёл испорченный XML. Событие сохранено", en="Broken XML came. It was kept"),
    "mapping_bad_auth": Text(
        ru="Так подтверждение отправителя не описать", en="No such form of a proof of the sender"
    ),
    "mapping_bad_request": Text(
        ru="Так запрос к системе не описать: нужен адрес https и известные слова",
        en="No such form of a request: an https address and known words are needed",
    ),
    "mapping_bad_pattern": Text(
        ru="Выражение не годится: одна группа, не длиннее 100 знаков, без повторов групп",
        en="The expression cannot be used: one group, at most 100 characters, no repeated groups",
    ),
}
