"""How does e-mail present itself to people?"""

from __future__ import annotations

from channels.about import About, Choice, Copy, Setting, Step, Text
from channels.email.about_errors import ERRORS

ADDRESS = r"[^\s@]{1,64}@[^\s@]{1,253}"
HOST = r"[A-Za-z0-9._:-]{1,253}"
OWN = ("preset", "own")

PRESET = Setting(
    key="preset",
    label=Text(ru="Чья почта", en="Mail provider"),
    kind="choice",
    default="yandex360",
    choices=(
        Choice(
            value="yandex360", label=Text(ru="Яндекс 360 или Яндекс Почта", en="Yandex 360 or Yandex Mail")
        ),
        Choice(value="mailru", label=Text(ru="Mail.ru или VK WorkSpace", en="Mail.ru or VK WorkSpace")),
        Choice(value="gmail", label=Text(ru="Gmail или Google Workspace", en="Gmail or Google Workspace")),
        Choice(value="outlook", label=Text(ru="Outlook или Microsoft 365", en="Outlook or Microsoft 365")),
        Choice(value="rambler", label=Text(ru="Рамблер", en="Rambler")),
        Choice(value="own", label=Text(ru="Другая или своя", en="Another or our own")),
    ),
    step=1,
)


PROTECTIONS = (
    Choice(value="tls", label=Text(ru="TLS", en="TLS")),
    Choice(value="starttls", label=Text(ru="STARTTLS", en="STARTTLS")),
    Choice(
        value="plain", label=Text(ru="без защиты (только этот компьютер)", en="none (this computer only)")
    ),
)


def _server(name: str, title: Text, port: str) -> tuple[Setting, ...]:
    return (
        Setting(key=f"{name}_host", label=title, kind="host", pattern=HOST, step=2, shown_if=OWN),
        Setting(
            key=f"{name}_port",
            label=Text(ru=f"Порт {name.upper()}", en=f"{name.upper()} port"),
            kind="number",
            default=port,
            pattern=r"\d{1,5}",
            step=2,
            shown_if=OWN,
        ),
        Setting(
            key=f"{name}_security",
            label=Text(ru=f"Защита {name.upper()}", en=f"{name.upper()} protection"),
            kind="choice",
            default="tls",
            choices=PROTECTIONS,
            step=2,
            shown_if=OWN,
        ),
    )


def _switch(key: str, label: Text, help_: Text, *, on: bool) -> Setting:
    return Setting(
        key=key, label=label, kind="switch", help=help_, required=False, default="true" if on else "false",
        step=2, advanced=True,
    )  # fmt: skip


SETTINGS = (
    PRESET,
    Setting(
        key="address",
        label=Text(ru="Адрес почты", en="Mail address"),
        kind="email",
        help=Text(ru="С него уходят ответы.", en="Answers leave from it."),
        pattern=ADDRESS,
        suggests=True,
        step=2,
    ),
    Setting(
        key="name",
        label=Text(ru="Имя отправителя", en="Sender's name"),
        help=Text(ru="Его клиенты видят рядом с адресом.", en="Clients see it beside the address."),
        required=False,
        step=2,
    ),
    Setting(
        key="signature",
        label=Text(ru="Подпись под письмами", en="Signature below letters"),
        kind="long",
        help=Text(
            ru="Можно вставить {member} — имя сотрудника, {own} — его собственная подпись, {company} и {client}.",
            en="You may use {member} for the colleague's name, {own} for their own signature, {company} and {client}.",
        ),
        required=False,
        default="{own}",
        step=2,
        advanced=True,
    ),
    Setting(
        key="auth",
        label=Text(ru="Как входить", en="How to sign in"),
        kind="choice",
        default="password",
        choices=(
            Choice(value="password", label=Text(ru="Пароль приложения", en="App password")),
            Choice(value="oauth", label=Text(ru="Токен (OAuth)", en="Token (OAuth)")),
        ),
        step=2,
    ),
    Setting(
        key="oauth_client",
        label=Text(ru="Идентификатор приложения (client id)", en="Application id (client id)"),
        step=2,
        shown_if=("auth", "oauth"),
    ),
    Setting(
        key="oauth_secret",
        label=Text(ru="Секрет приложения", en="Application secret"),
        kind="secret",
        required=False,
        step=2,
        shown_if=("auth", "oauth"),
    ),
    Setting(
        key="oauth_refresh",
        label=Text(ru="Refresh-токен", en="Refresh token"),
        kind="secret",
        help=Text(
            ru="Права: Яндекс — mail:imap_full и mail:smtp; Gmail — https://mail.google.com/; Outlook — "
            "IMAP.AccessAsUser.All, SMTP.Send, offline_access.",
            en="Scopes: Yandex — mail:imap_full and mail:smtp; Gmail — https://mail.google.com/; Outlook — "
            "IMAP.AccessAsUser.All, SMTP.Send, offline_access.",
        ),
        step=2,
        shown_if=("auth", "oauth"),
    ),
    Setting(
        key="oauth_place",
        label=Text(ru="Адрес обновления токена", en="Where tokens are renewed"),
        help=Text(ru="Только для своего сервера.", en="For a server of your own only."),
        required=False,
        pattern=r"https?://[^\s]{3,300}",
        step=2,
        advanced=True,
        shown_if=("auth", "oauth"),
    ),
    Setting(
        key="password",
        label=Text(ru="Пароль приложения", en="App password"),
        kind="secret",
        help=Text(
            ru="Отдельный пароль для программ, не тот, с которым входите в почту. Как его создать — в "
            "шаге 1.",
            en="A separate password for programs, not the one you sign in with. Step 1 says how to make it.",
        ),
        step=2,
        shown_if=("auth", "password"),
    ),
    Setting(
        key="login",
        label=Text(ru="Логин", en="Login"),
        help=Text(ru="Если он не совпадает с адресом.", en="If it is not the address."),
        required=False,
        step=2,
        advanced=True,
    ),
    *_server("imap", Text(ru="Сервер чтения (IMAP)", en="Reading server (IMAP)"), "993"),
    *_server("smtp", Text(ru="Сервер отправки (SMTP)", en="Sending server (SMTP)"), "465"),
    Setting(
        key="certificate",
        label=Text(ru="Сертификат сервера (PEM)", en="The server's certificate (PEM)"),
        kind="long",  # a field of one line would lose the line breaks
        help=Text(
            ru="Только если сертификат вашего сервера самодельный: вставьте сам сертификат, не ключ.",
            en="Only if your server's certificate is home-made: paste the certificate itself, not the key.",
        ),
        required=False,
        step=2,
        advanced=True,
        shown_if=OWN,
    ),
    Setting(
        key="aliases",
        label=Text(ru="Другие наши адреса этого ящика", en="Our other addresses of this mailbox"),
        help=Text(ru="Через запятую.", en="Separated by commas."),
        required=False,
        step=2,
        advanced=True,
    ),
    Setting(
        key="folders",
        label=Text(ru="Папки с письмами клиентов", en="Folders with clients' letters"),
        help=Text(
            ru="Через запятую; обычно достаточно INBOX.", en="Separated by commas; INBOX is mostly enough."
        ),
        required=False,
        default="INBOX",
        step=2,
        advanced=True,
    ),
    Setting(
        key="since",
        label=Text(ru="Взять и старые письма, начиная с", en="Take older letters too, from"),
        help=Text(
            ru="Дата вида 2026-11-01. Старые письма попадут в историю тихо, без лидов. Пусто — только новые.",
            en="A date like 2026-11-01. Older letters go into the history silently, without leads. Empty: "
            "only new ones.",
        ),
        required=False,
        pattern=r"\d{4}-\d{2}-\d{2}",
        step=2,
        advanced=True,
    ),
    _switch(
        "watch_sent",
        Text(ru="Следить за «Отправленными»", en="Watch Sent"),
        Text(
            ru="Ответы, написанные в почте, тоже появятся в диалоге.",
            en="Answers written in the mail program appear in the conversation too.",
        ),
        on=True,
    ),
    _switch(
        "watch_junk",
        Text(ru="Смотреть и в «Спам»", en="Look into Spam too"),
        Text(
            ru="Такие письма лежат отдельно и никого не беспокоят.",
            en="Such letters lie apart and disturb nobody.",
        ),
        on=False,
    ),
    _switch(
        "mark_seen",
        Text(ru="Отмечать письма прочитанными", en="Mark letters as read"),
        Text(
            ru="В самом ящике, когда письмо принято.", en="In the mailbox itself, once a letter is taken in."
        ),
        on=False,
    ),
    Setting(
        key="keep_sent",
        label=Text(ru="Класть наши ответы в «Отправленные»", en="Put our answers into Sent"),
        kind="switch",
        help=Text(ru="Если сервер не делает этого сам.", en="If the server does not do it by itself."),
        required=False,
        default="true",
        step=2,
        advanced=True,
        shown_if=OWN,
    ),
    Setting(
        key="per_minute",
        label=Text(ru="Писем в минуту, не больше", en="Letters a minute at most"),
        kind="number",
        required=False,
        default="20",
        pattern=r"\d{1,3}",
        step=2,
        advanced=True,
    ),
    Setting(
        key="per_day",
        label=Text(ru="Писем в сутки, не больше", en="Letters a day at most"),
        help=Text(
            ru="Почтовые службы ограничивают отправку. Что не поместилось, уйдёт позже само.",
            en="Providers limit how much may be sent. What does not fit leaves later by itself.",
        ),
        kind="number",
        required=False,
        default="300",
        pattern=r"\d{1,6}",
        step=2,
        advanced=True,
    ),
    Setting(
        key="largest_mb",
        label=Text(ru="Самое большое письмо, МБ", en="Largest letter, MB"),
        help=Text(
            ru="От писем больше этого берём начало и показываем, что остальное в ящике.",
            en="Of larger letters we take the beginning and show that the rest is in the mailbox.",
        ),
        kind="number",
        required=False,
        default="25",
        pattern=r"\d{1,3}",
        step=2,
        advanced=True,
    ),
)

GUIDES = Text(
    ru=(
        "Нужен пароль приложения: отдельный пароль, который можно отозвать. Обычный пароль мы не "
        "спрашиваем.\n"
        "1. Яндекс: id.yandex.ru → Безопасность → Пароли приложений → Почта. В Яндекс Почте: Все настройки → "
        "Почтовые программы → включите «С сервера imap.yandex.ru» и «Пароли приложений».\n"
        "2. Mail.ru: account.mail.ru → Безопасность → Пароли для внешних приложений → создать, полный "
        "доступ к Почте.\n"
        "3. Gmail: myaccount.google.com → Безопасность → двухэтапная аутентификация → Пароли приложений. "
        "В Google Workspace это может быть выключено администратором.\n"
        "4. Outlook и Microsoft 365: вход по паролю приложения Microsoft почти везде отключил; работает, "
        "только если "
        "администратор оставил его включённым.\n"
        "5. Рамблер: Настройки → Программы → «Доступ к почтовому ящику с помощью почтовых клиентов» → "
        "включить; "
        "пароль обычный.\n"
        "6. Свой сервер: спросите администратора об именах серверов IMAP и SMTP и о пароле ящика."
    ),
    en=(
        "An app password is needed: a separate one that can be revoked. We never ask for the ordinary one.\n"
        "1. Yandex: id.yandex.ru → Security → App passwords → Mail. In Yandex Mail: All settings → Mail "
        "clients → "
        "switch on “From imap.yandex.ru via IMAP” and “App passwords”.\n"
        "2. Mail.ru: account.mail.ru → Security → Passwords for external apps → add, full access to Mail.\n"
        "3. Gmail: myaccount.google.com → Security → 2-Step Verification → App passwords. "
        "In Google Workspace an administrator may have switched this off.\n"
        "4. Outlook and Microsoft 365: Microsoft has ended sign-in by app password nearly everywhere; it "
        "works only "
        "where an administrator left it on.\n"
        "5. Rambler: Settings → Programs → allow mail clients; the password is the ordinary one.\n"
        "6. Our own server: ask its administrator for the IMAP and SMTP hosts and the mailbox's password."
    ),
)

STEPS = (
    Step(title=Text(ru="Почта", en="Mailbox"), text=GUIDES),
    Step(
        title=Text(ru="Пароль", en="Password"),
        text=Text(
            ru="1. Впишите адрес, с которого отвечаете клиентам.\n2. Вставьте пароль приложения целиком.",
            en="1. Enter the address that you answer clients from.\n2. Paste the whole app password.",
        ),
    ),
    Step(
        title=Text(ru="Кому лиды", en="Who gets the leads"),
        text=Text(
            ru="Выберите очередь, которой достанутся письма из этого ящика.",
            en="Choose the queue that gets the letters of this mailbox.",
        ),
    ),
    Step(
        title=Text(ru="Проверка", en="Test"),
        text=Text(
            ru=(
                "Мы войдём в почту, напишем сами себе и дождёмся письма.\n"
                "1. Потом напишите на этот адрес со своей почты: ссылка уже содержит код проверки.\n"
                "Письмо появится здесь, и мы ответим на него."
            ),
            en=(
                "We sign in, write to ourselves and wait for the letter.\n"
                "1. Then write to this address from your own mailbox: the link holds the code of the test.\n"
                "The letter appears here, and we answer it."
            ),
        ),
    ),
    Step(
        title=Text(ru="Разместить", en="Put it to use"),
        text=Text(
            ru=(
                "1. Укажите адрес на сайте и в подписи.\n"
                "2. Письма берём с этой минуты; старые остаются в ящике как были.\n"
                "3. Ящиком можно пользоваться как раньше: отметки «прочитано» мы не трогаем."
            ),
            en=(
                "1. Put the address on your site and into your signature.\n"
                "2. We take letters from this minute on; older ones stay as they were.\n"
                "3. You can use the mailbox as before: we do not touch the marks of what is read."
            ),
        ),
    ),
)

ABOUT = About(
    title=Text(ru="Почта", en="E-mail"),
    mark="@",
    aliases=("почта", "емейл", "мейл", "письмо", "mail"),
    colour="mail",
    summary=Text(
        ru="Письма из вашего ящика — в общей очереди, ответы уходят с вашего адреса.",
        en="Letters of your mailbox in the one queue; answers leave from your address.",
    ),
    needs=Text(ru="Доступ к настройкам почты", en="Access to the mail settings"),
    minutes=4,
    settings=SETTINGS,
    steps=STEPS,
    test_prompt=Text(
        ru="Напишите на этот адрес со своей почты. Код из ссылки должен остаться в тексте письма",
        en="Write to this address from your own mailbox. The link's code has to stay in the text of the letter",
    ),
    place=(
        Copy(label=Text(ru="Ссылка «Написать нам»", en="“Write to us” link"), value="mailto:{address}"),
        Copy(
            label=Text(ru="Ссылка с темой", en="Link with a subject"),
            value="mailto:{address}?subject=Заявка с сайта",
        ),
    ),
    errors=ERRORS,
    kinds={
        "email": Text(ru="Почта", en="E-mail"),
        "letter": Text(ru="Письмо без адреса", en="A letter without an address"),
    },
    notes={
        "came_back": Text(
            ru="Письмо не доставлено: {address}. Ответ почты: {detail}",
            en="A letter came back: {address}. The mail server said: {detail}",
        ),
    },
    profile_links={"email": "mailto:{value}"},
)
