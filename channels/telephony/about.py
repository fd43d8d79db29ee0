"""How does telephony present itself?"""

from __future__ import annotations

from collections.abc import Mapping

from channels.about import About, Choice, Copy, Setting, Step, Text

MANGO = ("provider", "mango")
GENERIC = ("provider", "generic")

SETTINGS = (
    Setting(
        key="provider",
        label=Text(ru="Телефонная система", en="Telephone system"),
        kind="choice",
        default="mango",
        choices=(
            Choice(value="mango", label=Text(ru="Mango Office", en="Mango Office")),
            Choice(value="generic", label=Text(ru="Другая: по вебхуку", en="Another: by webhook")),
        ),
        step=1,
    ),
    Setting(
        key="vpbx_api_key",
        label=Text(ru="Уникальный код вашей АТС", en="Unique code of your exchange"),
        kind="secret",
        help=Text(
            ru="Личный кабинет Mango Office → Интеграции → API коннектор.",
            en="Mango Office account → Integrations → API connector.",
        ),
        shown_if=MANGO,
        step=2,
    ),
    Setting(
        key="vpbx_api_salt",
        label=Text(ru="Ключ для создания подписи", en="Key for signing"),
        kind="secret",
        help=Text(ru="Там же, рядом с кодом.", en="In the same place, beside the code."),
        shown_if=MANGO,
        step=2,
    ),
    Setting(
        key="line",
        label=Text(ru="Номер для исходящих звонков", en="Number for outgoing calls"),
        help=Text(
            ru="Пусто — как настроено у сотрудника.", en="Empty: as set for the employee in Mango Office."
        ),
        required=False,
        pattern=r"(\+?[0-9]{7,15})?",
        shown_if=MANGO,
        step=2,
        advanced=True,
    ),
    Setting(
        key="preset",
        label=Text(ru="Как читать события", en="How events are read"),
        kind="choice",
        default="contract",
        choices=(
            Choice(
                value="contract",
                label=Text(
                    ru="наш формат (Asterisk, FreeSWITCH, скрипты)", en="our own format (Asterisk, scripts)"
                ),
            ),
            Choice(value="sipuni", label=Text(ru="Sipuni", en="Sipuni")),
            Choice(value="own", label=Text(ru="своё описание", en="a description of your own")),
        ),
        required=False,
        shown_if=GENERIC,
        step=2,
    ),
    Setting(
        key="mapping",
        label=Text(ru="Описание событий", en="Description of events"),
        kind="mapping",
        help=Text(
            ru="JSON: какие поля что значат. Кода в нём нет, устройство описано в документации источника.",
            en="JSON: which fields mean what. It holds no code; its grammar is in the source's "
            "documentation.",
        ),
        shown_if=("preset", "own"),
        required=False,
        step=2,
    ),
    Setting(
        key="proof",
        label=Text(ru="Чем подтверждается отправитель", en="What proves the sender"),
        kind="choice",
        default="path",
        choices=(
            Choice(value="path", label=Text(ru="секретным адресом", en="the secret address")),
            Choice(value="header", label=Text(ru="секретом в заголовке", en="a secret in a header")),
            Choice(value="hmac", label=Text(ru="подписью HMAC-SHA256", en="an HMAC-SHA256 signature")),
            Choice(value="basic", label=Text(ru="логином и паролем", en="name and password")),
        ),
        required=False,
        shown_if=GENERIC,
        step=2,
        advanced=True,
    ),
    Setting(
        key="proof_header",
        label=Text(ru="Имя заголовка", en="Name of the header"),
        help=Text(
            ru="Пусто — X-Token для секрета, X-Signature для подписи.",
            en="Empty: X-Token for a secret, X-Signature for a signature.",
        ),
        required=False,
        pattern=r"[A-Za-z0-9\-]{0,60}",
        shown_if=GENERIC,
        step=2,
        advanced=True,
    ),
    Setting(
        key="login",
        label=Text(ru="Логин", en="Name"),
        required=False,
        shown_if=("proof", "basic"),
        step=2,
        advanced=True,
    ),
    Setting(
        key="secret",
        label=Text(ru="Секрет или пароль", en="Secret or password"),
        kind="secret",
        required=False,
        shown_if=GENERIC,
        step=2,
        advanced=True,
    ),
    Setting(
        key="recording_hosts",
        label=Text(ru="Откуда брать записи", en="Where recordings lie"),
        help=Text(
            ru="Имена серверов через пробел, например records.firma.ru. С других записи не загружаются.",
            en="Names of servers, separated by spaces, e.g. records.firma.com. Others are not asked.",
        ),
        required=False,
        shown_if=GENERIC,
        step=2,
    ),
    Setting(
        key="campaigns",
        label=Text(ru="Номера и реклама", en="Numbers and ads"),
        help=Text(
            ru="По строке на номер: +74951234567 = Яндекс Директ. Звонки на номер получат эту метку.",
            en="A line a number: +74951234567 = Google Ads. Calls to it get this label.",
        ),
        required=False,
        step=5,
    ),
    Setting(
        key="region",
        label=Text(ru="Страна номеров без кода", en="Country of numbers without a code"),
        help=Text(ru="Две буквы: RU, BY, KZ.", en="Two letters: RU, BY, KZ."),
        required=False,
        default="RU",
        pattern=r"[A-Z]{2}",
        step=2,
        advanced=True,
    ),
    Setting(
        key="api_base",
        label=Text(ru="Адрес API", en="API address"),
        required=False,
        default="https://app.mango-office.ru/vpbx",
        pattern=r"https?://.+",
        kind="host",
        shown_if=MANGO,
        step=2,
        advanced=True,
    ),
)

STEPS = (
    Step(
        title=Text(ru="Система", en="System"),
        text=Text(
            ru="1. Выберите вашу телефонную систему.\n2. Если её нет в списке, выберите «Другая: по "
            "вебхуку».",
            en="1. Choose your telephone system.\n2. If it is not listed, choose “Another: by webhook”.",
        ),
    ),
    Step(
        title=Text(ru="Ключ и адрес", en="Key and address"),
        text=Text(
            ru="1. Mango Office: Интеграции → API коннектор → включите.\n"
            "2. Вставьте адрес внешней системы отсюда туда и нажмите «Сохранить».\n"
            "3. Скопируйте оттуда код АТС и ключ подписи.\n"
            "4. Другая система: вставьте адрес в её настройку уведомлений о звонках.",
            en="1. Mango Office: Integrations → API connector → switch it on.\n"
            "2. Paste the address below as the external system's address and press “Save”.\n"
            "3. Copy the exchange's code and the signing key from there.\n"
            "4. Another system: paste the address into its settings of call notifications.",
        ),
        copies=(
            Copy(
                label=Text(ru="Адрес внешней системы", en="Address of the external system"),
                value="{hook_url}",
            ),
        ),
        link="https://lk.mango-office.ru/",
    ),
    Step(
        title=Text(ru="Кому лиды", en="Who gets the leads"),
        text=Text(
            ru="1. Выберите очередь для пропущенных звонков незнакомых клиентов.\n"
            "2. У сотрудников укажите внутренние номера: по ним видно, кто ответил.",
            en="1. Choose the queue for missed calls of strangers.\n"
            "2. Give your people their extensions: they tell who answered.",
        ),
    ),
    Step(
        title=Text(ru="Проверка", en="Test"),
        text=Text(
            ru="1. Позвоните на ваш номер с мобильного и положите трубку через пять гудков.\n"
            "2. Здесь появится событие, а потом карточка звонка.",
            en="1. Call your number from a mobile and hang up after five rings.\n"
            "2. The event will appear here, then the card of the call.",
        ),
    ),
    Step(
        title=Text(ru="Разместить", en="Place"),
        text=Text(
            ru="1. Впишите, какой номер на какой рекламе стоит.\n2. Решите, кому достаются пропущенные.",
            en="1. Enter which number stands on which ad.\n2. Decide who gets missed calls.",
        ),
    ),
)

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
    "xml_unsupported": Text(
        ru="Пришёл XML, его мы не читаем. Событие сохранено", en="XML came, which is not read. It was kept"
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
        ru="Mango Office не разрешает звонок: проверьте счёт и тариф",
        en="Mango Office refuses: check the balance",
    ),
    "call_bad_number": Text(
        ru="Mango Office не знает такого номера или сотрудника",
        en="Mango Office knows no such number or employee",
    ),
    "call_refused": Text(
        ru="Телефонная система отказала в звонке", en="The telephone system refused the call"
    ),
    "no_answer": Text(
        ru="Телефонная система не ответила. Звонок мог начаться: посмотрите на телефон",
        en="The telephone system did not answer. The call may have begun: look at the telephone",
    ),
    "slow_down": Text(ru="Слишком много запросов, подождём", en="Too many requests, we wait"),
}

ABOUT = About(
    title=Text(ru="Телефония", en="Telephony"),
    mark="phone",
    colour="call",
    summary=Text(
        ru="Звонки, пропущенные и записи из вашей АТС в общей ленте",
        en="Calls, missed calls and recordings in one queue",
    ),
    needs=Text(
        ru="Доступ в личный кабинет АТС и внешний адрес этого сервера",
        en="The exchange's account and a public address of this server",
    ),
    minutes=4,
    settings=SETTINGS,
    steps=STEPS,
    test_prompt=Text(ru="Позвоните на ваш номер", en="Call your number"),
    place=(),
    errors=ERRORS,
    kinds={"phone": Text(ru="Телефон", en="Phone")},
    profile_links={"phone": "tel:{value}"},
    needs_public_url=True,
)
