"""How does telephony present itself?"""

from __future__ import annotations

from collections.abc import Mapping

from channels.about import About, Copy, Step, Text
from channels.telephony.lessons import MEANINGS, TARGETS
from channels.telephony.settings import SETTINGS
from channels.telephony.words import ERRORS

SYSTEMS: Mapping[str, Text] = {
    "mango": Text(
        ru="1. Личный кабинет Mango Office: Интеграции → API коннектор → включите.\n"
        "2. Вставьте адрес внешней системы отсюда туда и нажмите «Сохранить».\n"
        "3. Скопируйте оттуда код АТС и ключ подписи.",
        en="1. Mango Office account: Integrations → API connector, switch it on.\n"
        "2. Paste the address below as the external system's address and press “Save”.\n"
        "3. Copy the exchange's code and the signing key from there.",
    ),
    "itoolabs": Text(
        ru="1. Кабинет ВАТС: Настройки → Интеграция с CRM → «Ваша CRM».\n"
        "2. Вставьте адрес отсюда, придумайте ключ для авторизации и впишите его там и здесь.\n"
        "3. Скопируйте оттуда адрес и ключ API. Включите «Перевод на ответственного» у номеров.",
        en="1. The exchange's account: Settings → CRM integration → “Your CRM”.\n"
        "2. Paste the address below, make up a key and enter it there and here.\n"
        "3. Copy the API address and key. Switch on “transfer to the responsible” for your numbers.",
    ),
    "zadarma": Text(
        ru="1. Кабинет: Настройки → Интеграции и API → создайте ключи.\n"
        "2. Там же, «Уведомления о событиях АТС»: вставьте адрес отсюда и отметьте все события.",
        en="1. Account: Settings → Integrations and API, make the keys.\n"
        "2. In the same place, PBX notifications: paste the address below and tick every event.",
    ),
    "novofon": Text(
        ru="1. Кабинет: Настройки → API → создайте ключи.\n"
        "2. «Уведомления о событиях АТС»: вставьте адрес отсюда и отметьте все события.\n"
        "3. Если кабинет второй версии, выберите «UIS, CoMagic, CallGear, Novofon 2.0».",
        en="1. Account: Settings → API, make the keys.\n"
        "2. PBX notifications: paste the address below and tick every event.\n"
        "3. If your account is of version 2, choose “UIS, CoMagic, CallGear, Novofon 2.0”.",
    ),
    "uis": Text(
        ru="1. Кабинет: Уведомления → создайте по уведомлению на каждое событие: HTTP, POST, адрес отсюда.\n"
        "2. Тело — из документации источника: меняется только слово `ev`: incoming, waiting, out_start, "
        "talk_start, talk_end, ended, record, lost.\n"
        "3. Чтобы звонить из карточки, впишите ключ API и номер для исходящих.",
        en="1. Account: notifications, make one for each event: HTTP, POST, the address below.\n"
        "2. The body stands in the source's documentation; only the word `ev` differs: incoming, waiting, "
        "out_start, talk_start, talk_end, ended, record, lost.\n"
        "3. To place calls from a card, enter the API key and the outgoing number.",
    ),
    "sipuni": Text(
        ru="1. Кабинет Sipuni: Настройки → Интеграции → «События» → вставьте адрес отсюда.\n"
        "2. Чтобы звонить из карточки, скопируйте номер в системе и ключ интеграции.",
        en="1. Sipuni account: Settings → Integrations → events, paste the address below.\n"
        "2. To place calls from a card, copy the account's number and the integration's key.",
    ),
}

STEPS = (
    Step(
        title=Text(ru="Система", en="System"),
        text=Text(
            ru="1. Выберите вашу телефонную систему.\n2. Если её нет в списке, выберите «Другая»: по трём пробным "
            "звонкам мы подскажем, как её читать.",
            en="1. Choose your telephone system.\n2. If it is not listed, choose “Another”: after three test calls we "
            "suggest how to read it.",
        ),
    ),
    Step(
        title=Text(ru="Ключ и адрес", en="Key and address"),
        text=Text(
            ru="1. Вставьте адрес ниже в настройку уведомлений о звонках вашей системы.\n"
            "2. Выберите, как читать события, и чем подтверждается отправитель.",
            en="1. Paste the address below into your system's settings of call notifications.\n"
            "2. Choose how its events are read and what proves the sender.",
        ),
        texts=("provider", SYSTEMS),
        copies=(
            Copy(
                label=Text(ru="Адрес внешней системы", en="Address of the external system"),
                value="{hook_url}",
            ),
        ),
    ),
    Step(
        title=Text(ru="Кому лиды", en="Who gets the leads"),
        text=Text(
            ru="1. Выберите очередь для пропущенных звонков незнакомых клиентов.\n"
            "2. У сотрудников укажите внутренние номера: по ним видно, кто ответил, и кому звонить.",
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

ABOUT = About(
    title=Text(ru="Телефония", en="Telephony"),
    mark="phone",
    aliases=("телефон", "тел", "звонок", "звонки", "phone", "call"),
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
    targets=TARGETS,
    meanings=MEANINGS,
    place=(),
    errors=ERRORS,
    kinds={"phone": Text(ru="Телефон", en="Phone")},
    profile_links={"phone": "tel:{value}"},
    needs_public_url=True,
)
