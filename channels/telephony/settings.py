"""What does a telephone system's connection form ask?"""

from __future__ import annotations

from channels.about import Choice, Setting, Text

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
            Choice(
                value="itoolabs",
                label=Text(
                    ru="МегаФон, Gravitel, Дом.ру, WestCall", en="MegaFon, Gravitel, Dom.ru, WestCall"
                ),
            ),
            Choice(value="zadarma", label=Text(ru="Zadarma", en="Zadarma")),
            Choice(value="novofon", label=Text(ru="Novofon (версия 1)", en="Novofon (version 1)")),
            Choice(
                value="uis",
                label=Text(
                    ru="UIS, CoMagic, CallGear, Novofon 2.0", en="UIS, CoMagic, CallGear, Novofon 2.0"
                ),
            ),
            Choice(value="sipuni", label=Text(ru="Sipuni", en="Sipuni")),
            Choice(
                value="generic",
                label=Text(
                    ru="Другая: Ростелеком, МТС, Билайн, Телфин, Twilio, Asterisk, FreeSWITCH, любая",
                    en="Another: Rostelecom, MTS, Beeline, Telphin, Twilio, Asterisk, FreeSWITCH, any",
                ),
            ),
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
            ru="Пусто — как настроено у сотрудника. UIS без него не звонит.",
            en="Empty: as set for the employee. UIS needs it.",
        ),
        required=False,
        pattern=r"(\+?[0-9]{7,15})?",
        shown_if=("provider", "mango|uis|generic"),
        step=2,
        advanced=True,
    ),
    Setting(
        key="steer",
        label=Text(ru="Переводить звонок на ответственного", en="Send calls on to the responsible person"),
        kind="choice",
        default="no",
        choices=(
            Choice(value="no", label=Text(ru="нет, как настроено в АТС", en="no, as the exchange is set")),
            Choice(
                value="yes", label=Text(ru="да, пока звучит приветствие", en="yes, while the greeting plays")
            ),
        ),
        help=Text(
            ru="Поставьте в схеме номера приветствие на 3–5 секунд: за это время звонок уйдёт тому, кто ведёт клиента.",
            en="Put a greeting of 3 to 5 seconds first in the number's scheme: meanwhile the call goes to the client's person.",
        ),
        required=False,
        shown_if=MANGO,
        step=3,
    ),
    Setting(
        key="crm_token",
        label=Text(ru="Ключ для авторизации в вашей CRM", en="Key by which the exchange proves itself"),
        kind="secret",
        help=Text(
            ru="Кабинет ВАТС → Интеграция → «Ваша CRM»: придумайте ключ и впишите его там и здесь.",
            en="The exchange's account → integration with your CRM: make up a key, enter it there and here.",
        ),
        shown_if=("provider", "itoolabs"),
        step=2,
    ),
    Setting(
        key="api_key",
        label=Text(ru="Ключ API (Key)", en="API key"),
        kind="secret",
        help=Text(
            ru="Кабинет → Настройки → Интеграции и API.", en="Account → Settings → Integrations and API."
        ),
        shown_if=("provider", "zadarma|novofon"),
        step=2,
    ),
    Setting(
        key="api_secret",
        label=Text(ru="Секрет API (Secret)", en="API secret"),
        kind="secret",
        help=Text(ru="Там же. Показывается один раз.", en="In the same place. It is shown once."),
        shown_if=("provider", "zadarma|novofon"),
        step=2,
    ),
    Setting(
        key="api_token",
        label=Text(ru="Ключ API для звонков и истории", en="API key for calls and history"),
        kind="secret",
        help=Text(
            ru="Без него звонки приходят, но звонить из карточки и находить потерянные нельзя.",
            en="Without it calls arrive, but none can be placed from a card and lost ones cannot be found.",
        ),
        required=False,
        shown_if=("provider", "itoolabs|uis|generic"),
        step=2,
    ),
    Setting(
        key="api_user",
        label=Text(ru="Номер в системе (user)", en="Number of the account (user)"),
        required=False,
        shown_if=("provider", "sipuni|generic"),
        step=2,
        advanced=True,
    ),
    Setting(
        key="routes",
        label=Text(ru="Куда переводить на сотрудника", en="Where a call for a person goes"),
        help=Text(
            ru="По строке: 101 = 3. Sipuni — номер ветки схемы, UIS, Exolve, Twilio — телефон сотрудника.",
            en="A line each: 101 = 3. Sipuni: the branch of the scheme. UIS, Exolve, Twilio: the person's number.",
        ),
        required=False,
        shown_if=("provider", "sipuni|uis|generic"),
        step=3,
    ),
    Setting(
        key="tz",
        label=Text(ru="Часовой пояс кабинета", en="The account's time zone"),
        help=Text(ru="Времена в событиях без пояса: +03:00.", en="For times without a zone: +03:00."),
        required=False,
        default="+03:00",
        pattern=r"[+\-][0-9]{2}:[0-9]{2}",
        shown_if=("provider", "zadarma|novofon"),
        step=2,
        advanced=True,
    ),
    Setting(
        key="min_talk",
        label=Text(ru="Разговором считать от, секунд", en="A talk lasts at least, seconds"),
        help=Text(
            ru="АТС, которая сама снимает трубку, «отвечает» за всех. Пусто — 10.",
            en="An exchange that picks up by itself “answers” for everybody. Empty: 10.",
        ),
        required=False,
        pattern=r"[0-9]{0,3}",
        shown_if=("provider", "zadarma|novofon"),
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
                label=Text(ru="наш формат (скрипты, Voximplant)", en="our own format (scripts, Voximplant)"),
            ),
            Choice(value="rostelecom", label=Text(ru="Ростелеком", en="Rostelecom")),
            Choice(value="mts_exolve", label=Text(ru="МТС Exolve", en="MTS Exolve")),
            Choice(value="mts_autosecretary", label=Text(ru="МТС Автосекретарь", en="MTS Autosecretary")),
            Choice(value="beeline", label=Text(ru="Билайн", en="Beeline")),
            Choice(value="telphin", label=Text(ru="Телфин", en="Telphin")),
            Choice(value="twilio", label=Text(ru="Twilio", en="Twilio")),
            Choice(value="asterisk", label=Text(ru="Asterisk", en="Asterisk")),
            Choice(value="freeswitch", label=Text(ru="FreeSWITCH", en="FreeSWITCH")),
            Choice(value="sipuni", label=Text(ru="Sipuni", en="Sipuni")),
            Choice(value="uis", label=Text(ru="UIS, CoMagic", en="UIS, CoMagic")),
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
        label=Text(ru="Логин или код клиента", en="Name or client id"),
        help=Text(
            ru="Для входа по паролю, подписи Ростелекома и Mango.",
            en="For name and password, and the signature of Rostelecom.",
        ),
        required=False,
        shown_if=("provider", "generic"),
        step=2,
        advanced=True,
    ),
    Setting(
        key="secret",
        label=Text(ru="Секрет или пароль", en="Secret or password"),
        kind="secret",
        required=False,
        shown_if=("provider", "generic|sipuni"),
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
        shown_if=("provider", "generic|itoolabs|zadarma|novofon|sipuni|uis"),
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
        key="missed_reply",
        label=Text(ru="Что написать, если пропустили звонок", en="What to write after a missed call"),
        kind="long",
        help=Text(
            ru="Уйдёт клиенту в мессенджер, если он недавно писал и окно открыто, с 9 до 21. Пусто — ничего. Например: "
            "«Видим ваш звонок, перезвоним в течение 15 минут».",
            en="Goes to the client's messenger where they wrote lately and the window is open, from 9 to 21. Empty: "
            "nothing. For example: “We saw your call and ring back within 15 minutes.”",
        ),
        required=False,
        step=3,
    ),
    Setting(
        key="recording_days",
        label=Text(ru="Хранить записи, дней", en="Keep recordings, days"),
        kind="number",
        help=Text(
            ru="Старые записи удаляются, звонки остаются. Пусто — хранить всегда.",
            en="Older recordings are deleted, the calls stay. Empty: kept for ever.",
        ),
        required=False,
        pattern=r"[0-9]{0,4}",
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
        help=Text(
            ru="МегаФон и родня: https://имя.megapbx.ru/crmapi/v1. Остальным — только если он не обычный.",
            en="MegaFon and kin: https://name.megapbx.ru/crmapi/v1. Others: only where it is not the usual one.",
        ),
        pattern=r"(https?://.+)?",
        kind="host",
        step=2,
    ),
)
