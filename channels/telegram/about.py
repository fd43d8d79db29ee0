"""How does Telegram present itself to people?"""

from __future__ import annotations

from channels.about import About, Choice, Copy, Setting, Step, Text
from channels.telegram.about_errors import ERRORS
from channels.telegram.about_notes import NOTES
from channels.telegram.api import CLOUD, SAFE_BASE, TOKEN

SETTINGS = (
    Setting(
        key="token",
        label=Text(ru="Ключ бота", en="Bot token"),
        kind="secret",
        help=Text(
            ru="Его присылает @BotFather, когда бот создан. Выглядит как 123456789:AA…",
            en="@BotFather sends it when the bot is made. It looks like 123456789:AA…",
        ),
        pattern=TOKEN,
        step=2,
    ),
    Setting(
        key="mode",
        label=Text(ru="Как получать сообщения", en="How messages are received"),
        kind="choice",
        required=False,
        default="auto",
        choices=(
            Choice(value="auto", label=Text(ru="Выбрать автоматически", en="Choose automatically")),
            Choice(value="webhook", label=Text(ru="Telegram обращается к нам", en="Telegram calls us")),
            Choice(value="polling", label=Text(ru="Мы опрашиваем Telegram", en="We ask Telegram")),
        ),
        step=2,
        advanced=True,
    ),
    Setting(
        key="server",
        label=Text(ru="Чей сервер Bot API", en="Whose Bot API server"),
        kind="choice",
        required=False,
        default="cloud",
        choices=(
            Choice(
                value="cloud", label=Text(ru="Telegram или прокси к нему", en="Telegram's, or a proxy to it")
            ),
            Choice(
                value="local",
                label=Text(
                    ru="Свой, с ключом --local: файлы до 2 ГБ", en="Our own, with --local: files up to 2 GB"
                ),
            ),
        ),
        step=2,
        advanced=True,
    ),
    Setting(
        key="api_base",
        label=Text(ru="Адрес сервера Bot API", en="Address of the Bot API server"),
        help=Text(
            ru="Меняйте, только если у вас свой сервер Bot API.",
            en="Change it only if you run your own Bot API server.",
        ),
        required=False,
        default=CLOUD,
        pattern=SAFE_BASE,
        step=2,
        advanced=True,
    ),
)

STEPS = (
    Step(
        title=Text(ru="Бот", en="Bot"),
        text=Text(
            ru=(
                "1. Откройте в Telegram @BotFather.\n"
                "2. Отправьте команду `/newbot`.\n"
                "3. Придумайте имя, которое увидят клиенты, и адрес, который кончается на `bot`.\n"
                "Бот уже есть — просто переходите дальше."
            ),
            en=(
                "1. Open @BotFather in Telegram.\n"
                "2. Send the command `/newbot`.\n"
                "3. Choose a name that clients will see and an address that ends in `bot`.\n"
                "If you already have a bot, just go on."
            ),
        ),
        copies=(Copy(label=Text(ru="Команда", en="Command"), value="/newbot"),),
        link="https://t.me/BotFather",
    ),
    Step(
        title=Text(ru="Ключ", en="Token"),
        text=Text(
            ru=(
                "1. @BotFather прислал ключ — длинную строку после слов «Use this token».\n"
                "2. Скопируйте её целиком и вставьте сюда.\n"
                "Ключ давно потерян? Отправьте @BotFather команду `/token`."
            ),
            en=(
                "1. @BotFather sent a token: the long line after “Use this token”.\n"
                "2. Copy all of it and paste it here.\n"
                "Lost it? Send @BotFather the command `/token`."
            ),
        ),
        copies=(Copy(label=Text(ru="Команда", en="Command"), value="/token"),),
    ),
    Step(
        title=Text(ru="Кому лиды", en="Who gets the leads"),
        text=Text(
            ru="Выберите очередь, которой достанутся обращения из этого бота.",
            en="Choose the queue that gets what comes in through this bot.",
        ),
    ),
    Step(
        title=Text(ru="Проверка", en="Test"),
        text=Text(
            ru=(
                "1. Откройте ссылку на телефоне или наведите камеру на код.\n"
                "2. Нажмите «Старт» и напишите боту что-нибудь.\n"
                "Сообщение появится здесь, и мы ответим на него."
            ),
            en=(
                "1. Open the link on your phone or point its camera at the code.\n"
                "2. Press Start and write something to the bot.\n"
                "The message appears here, and we answer it."
            ),
        ),
    ),
    Step(
        title=Text(ru="Разместить", en="Put it to use"),
        text=Text(
            ru=(
                "1. Поставьте ссылку на бота на сайт, в письма и в рекламу.\n"
                "2. Метку рекламы допишите к ссылке: `?start=метка` — латинские буквы, цифры, `_` и `-`, "
                "не больше 64 знаков.\n"
                "3. Имя, картинку и описание бота меняет @BotFather: `/mybots`."
            ),
            en=(
                "1. Put the bot's link on your site, in letters and in advertising.\n"
                "2. Add an ad's label to the link: `?start=label`, Latin letters, digits, `_` and `-`, "
                "64 characters at most.\n"
                "3. @BotFather changes the bot's name, picture and description: `/mybots`."
            ),
        ),
    ),
)

ABOUT = About(
    title=Text(ru="Telegram", en="Telegram"),
    mark="Tg",
    aliases=("тг", "тлг", "телеграм", "телега"),
    colour="tg",
    summary=Text(
        ru="Клиенты пишут вашему боту, вы отвечаете из общей очереди.",
        en="Clients write to your bot, you answer from the one queue.",
    ),
    needs=Text(ru="Телефон с Telegram", en="A phone with Telegram"),
    minutes=2,
    settings=SETTINGS,
    steps=STEPS,
    test_prompt=Text(
        ru="Напишите боту любое сообщение с телефона",
        en="Write the bot any message from your phone",
    ),
    place=(
        Copy(label=Text(ru="Ссылка на бота", en="Link to the bot"), value="https://t.me/{username}"),
        Copy(
            label=Text(ru="Ссылка с меткой рекламы", en="Link with an ad's label"),
            value="https://t.me/{username}?start=label",
        ),
        Copy(
            label=Text(ru="Кнопка для сайта", en="Button for the site"),
            value='<a href="https://t.me/{username}?start=site">Telegram</a>',
        ),
    ),
    errors=ERRORS,
    notes=NOTES,
    kinds={"telegram": Text(ru="Telegram", en="Telegram")},
    profile_links={"telegram": "https://t.me/{username}"},
    polls_without_public_url=True,
)
