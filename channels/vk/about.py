"""How does VK present itself to people?"""

from __future__ import annotations

from channels.about import About, Choice, Copy, Setting, Step, Text
from channels.vk.about_errors import ERRORS
from channels.vk.about_notes import NOTES

SETTINGS = (
    Setting(
        key="group_id",
        label=Text(ru="Номер сообщества", en="Community number"),
        help=Text(
            ru="Только цифры. Где взять: Управление → Настройки → Основная информация → «Номер сообщества».",
            en="Digits only. Where: Manage → Settings → Basic information → “Community ID”.",
        ),
        pattern="[1-9][0-9]{0,17}",
        step=1,
    ),
    Setting(
        key="token",
        label=Text(ru="Ключ доступа сообщества", en="Community access token"),
        kind="secret",
        help=Text(
            ru="Отметьте при создании: управление, сообщения, фотографии, документы.",
            en="Tick when creating it: community management, messages, photos, documents.",
        ),
        pattern="[0-9A-Za-z._-]{20,512}",
        step=2,
    ),
    Setting(
        key="mode",
        label=Text(ru="Как получать сообщения", en="How messages arrive"),
        kind="choice",
        default="auto",
        choices=(
            Choice(value="auto", label=Text(ru="Выбрать автоматически", en="Choose automatically")),
            Choice(
                value="callback", label=Text(ru="ВКонтакте присылает сама (Callback API)", en="VK calls us")
            ),
            Choice(value="longpoll", label=Text(ru="Опрашивать ВКонтакте (Long Poll)", en="We ask VK")),
        ),
        step=2,
        advanced=True,
    ),
    Setting(
        key="confirmation",
        label=Text(ru="Строка подтверждения", en="Confirmation string"),
        help=Text(
            ru="Нужна, только если адрес сервера вставлен вручную: скопируйте её из Управление → Работа "
            "с API → Callback API.",
            en="Only when the server address is pasted by hand: copy it from Manage → API usage → "
            "Callback API.",
        ),
        pattern="[0-9A-Za-z_-]{0,64}",
        required=False,
        step=2,
        advanced=True,
    ),
    Setting(
        key="api_base",
        label=Text(ru="Адрес API", en="API address"),
        required=False,
        pattern="https?://[^ ]{1,200}",
        default="https://api.vk.ru",
        step=2,
        advanced=True,
    ),
)

STEPS = (
    Step(
        title=Text(ru="Сообщество", en="Community"),
        text=Text(
            ru=(
                "1. Откройте своё сообщество ВКонтакте и нажмите «Управление».\n"
                "2. В разделе «Сообщения» включите «Сообщения сообщества».\n"
                "3. В «Настройки → Основная информация» скопируйте номер сообщества и вставьте сюда."
            ),
            en=(
                "1. Open your VK community and press “Manage”.\n"
                "2. Under “Messages” switch community messages on.\n"
                "3. Under “Settings → Basic information” copy the community ID and paste it here."
            ),
        ),
        link="https://vk.com/groups?tab=admin",
    ),
    Step(
        title=Text(ru="Ключ", en="Key"),
        text=Text(
            ru=(
                "1. Откройте «Управление → Настройки → Работа с API → Ключи доступа» и нажмите «Создать "
                "ключ».\n"
                "2. Отметьте: управление сообществом, сообщения, фотографии, документы.\n"
                "3. Скопируйте ключ и вставьте сюда. Остальное мы настроим сами.\n"
                "Если право «управление» дать нельзя, настройте Callback API вручную: вставьте на той же "
                "странице "
                "адрес и секретный ключ ниже, версию API 5.199, а строку подтверждения — в поле здесь; в "
                "«Типах "
                "событий» отметьте все события сообщений."
            ),
            en=(
                "1. Open “Manage → Settings → API usage → Access tokens” and press “Create token”.\n"
                "2. Tick: community management, messages, photos, documents.\n"
                "3. Copy the key and paste it here. We set up the rest.\n"
                "If you cannot grant “management”, set up the Callback API by hand: paste the address "
                "and the secret "
                "key below on the same page, API version 5.199, and its confirmation string into the "
                "field here; "
                "under “Event types” tick all message events."
            ),
        ),
        copies=(
            Copy(label=Text(ru="Адрес сервера", en="Server address"), value="{hook_url}"),
            Copy(label=Text(ru="Секретный ключ", en="Secret key"), value="{secret}"),
        ),
    ),
    Step(
        title=Text(ru="Кому лиды", en="Who gets the leads"),
        text=Text(
            ru="Выберите очередь: её участники будут получать новые обращения из этого сообщества.",
            en="Choose the queue whose members get new enquiries from this community.",
        ),
    ),
    Step(
        title=Text(ru="Проверка", en="Test"),
        text=Text(
            ru="Откройте ссылку с телефона и напишите сообществу любое сообщение. Мы ответим «Всё работает».",
            en="Open the link on your phone and write anything to the community. We answer “It works”.",
        ),
    ),
    Step(
        title=Text(ru="Разместить", en="Place it"),
        text=Text(
            ru=(
                "Поставьте ссылку на сайт, в рекламу и на печать. Метка после `ref=` попадёт в источник "
                "обращения: "
                "латинские буквы, цифры, `_` и `-`."
            ),
            en=(
                "Put the link on your site, in advertising and in print. The label after `ref=` becomes "
                "the source of "
                "the enquiry: Latin letters, digits, `_` and `-`."
            ),
        ),
    ),
)

ABOUT = About(
    title=Text(ru="ВКонтакте", en="VK"),
    mark="VK",
    aliases=("вк", "вконтакте"),
    colour="vk",
    summary=Text(
        ru="Сообщения сообщества: текст, фото, голосовые, документы, кнопки.",
        en="Community messages: text, photos, voice, documents, buttons.",
    ),
    needs=Text(
        ru="Сообщество, где вы администратор, и 3 минуты.",
        en="A community that you administer, and 3 minutes.",
    ),
    minutes=3,
    settings=SETTINGS,
    steps=STEPS,
    test_prompt=Text(
        ru="Напишите сообществу любое сообщение с телефона.",
        en="Write anything to the community from your phone.",
    ),
    place=(
        Copy(
            label=Text(ru="Ссылка на диалог", en="Link to the dialog"), value="https://vk.me/club{group_id}"
        ),
        Copy(
            label=Text(ru="Ссылка с меткой рекламы", en="Link with an advertising label"),
            value="https://vk.me/club{group_id}?ref=spring_sale",
        ),
        Copy(
            label=Text(ru="Кнопка для сайта", en="Button for a site"),
            value='<a href="https://vk.me/club{group_id}?ref=site" target="_blank" '
            'rel="noopener">Написать нам</a>',
        ),
    ),
    errors=ERRORS,
    notes=NOTES,
    kinds={
        "vk": Text(ru="Страница ВКонтакте", en="VK page"),
        "vk_club": Text(ru="Сообщество ВКонтакте", en="VK community"),
        "vk_chat": Text(ru="Беседа ВКонтакте", en="VK group chat"),
    },
    profile_links={"vk": "https://vk.com/id{value}", "vk_club": "https://vk.com/club{value}"},
    polls_without_public_url=True,
)
