"""What is asked when a form is connected?"""

from __future__ import annotations

from channels.about import Choice, FieldKind, Setting, Text
from channels.webform.texts import asset

SITE = r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?/?"
ORIGINS = rf"\s*({SITE}([,;\s]+{SITE})*\s*)?"

CAPTCHA = {
    "captcha_when": Text(ru="Кого проверять", en="Who is asked"),
    "captcha_key": Text(ru="Ключ капчи для сайта", en="The captcha's site key"),
    "captcha_secret": Text(ru="Секретный ключ капчи", en="The captcha's secret key"),
}

_CAPTCHA_KEYS: tuple[tuple[str, FieldKind], ...] = (("captcha_key", "text"), ("captcha_secret", "secret"))
CAPTCHA_SETTINGS = (
    Setting(
        key="captcha_when",
        label=CAPTCHA["captcha_when"],
        kind="choice",
        choices=(
            Choice(value="suspicious", label=Text(ru="кто пишет слишком часто", en="who writes too often")),
            Choice(value="always", label=Text(ru="всех", en="everybody")),
        ),
        required=False,
        default="suspicious",
        step=2,
        advanced=True,
    ),
    *(
        Setting(
            key=key,
            label=CAPTCHA[key],
            kind=kind,
            required=False,
            step=2,
            advanced=True,
            pattern=r"\S{8,200}",
        )
        for key, kind in _CAPTCHA_KEYS
    ),
)
"""Asked for whichever service is chosen; empty: no captcha."""

SERVICES = (
    Choice(value="site", label=Text(ru="с нашей формы на сайте", en="our form on the site")),
    Choice(value="tilda", label=Text(ru="Tilda", en="Tilda")),
    Choice(value="wordpress", label=Text(ru="WordPress: CF7, Elementor", en="WordPress: CF7, Elementor")),
    Choice(value="marquiz", label=Text(ru="Marquiz", en="Marquiz")),
    Choice(value="yandex", label=Text(ru="Яндекс Формы", en="Yandex Forms")),
    Choice(value="google", label=Text(ru="Google: формы для лидов", en="Google lead forms")),
    Choice(value="vk_leads", label=Text(ru="ВКонтакте: формы сбора заявок", en="VK lead forms")),
    Choice(value="any", label=Text(ru="другой сервис или свой сервер", en="another service or your server")),
)
SERVICE_SETTINGS = (
    Setting(
        key="preset",
        label=Text(ru="Откуда приходят заявки", en="Where submissions come from"),
        kind="choice",
        help=Text(
            ru="Принимаем всё и от всех; выбор меняет только подсказки и поля ниже.",
            en="Everything is taken from everybody; the choice only changes hints and the fields below.",
        ),
        choices=SERVICES,
        required=False,
        default="site",
        step=2,
    ),
    Setting(
        key="google_key",
        label=Text(ru="Ключ Google", en="Google key"),
        kind="secret",
        help=Text(
            ru="Придумайте и впишите одинаково здесь и в форме Google («Ключ»).",
            en="Make one up and enter it here and in Google's form (“Key”).",
        ),
        required=False,
        pattern=r"\S{8,200}",
        step=2,
        shown_if=("preset", "google"),
    ),
    Setting(
        key="vk_confirmation",
        label=Text(ru="Строка подтверждения ВКонтакте", en="VK confirmation string"),
        help=Text(
            ru="Управление → Работа с API → Callback API: «Строка, которую должен вернуть сервер».",
            en="Manage → API usage → Callback API: “String to be returned”.",
        ),
        required=False,
        pattern=r"[0-9a-zA-Z]{4,64}",
        step=2,
        shown_if=("preset", "vk_leads"),
    ),
    Setting(
        key="vk_secret",
        label=Text(ru="Секретный ключ ВКонтакте", en="VK secret key"),
        kind="secret",
        required=False,
        pattern=r"[0-9a-zA-Z_]{4,50}",
        step=2,
        shown_if=("preset", "vk_leads"),
    ),
    Setting(
        key="lessons",
        label=Text(ru="Что значат поля", en="What the fields mean"),
        kind="lessons",
        help=Text(
            ru="Учится по присланному образцу на странице источника.",
            en="Taught by a received sample on the source's page.",
        ),
        required=False,
        step=2,
        advanced=True,
    ),
)
"""What single services want."""

SETTINGS = (
    Setting(
        key="form",
        label=Text(ru="Поля формы", en="The form's fields"),
        kind="design",
        help=Text(
            ru="Описание формы в JSON: заголовок, поля, тексты. Можно оставить как есть и поменять позже.",
            en="The form as JSON: title, fields, texts. You may leave it as it is and change it later.",
        ),
        required=False,
        default=asset("form.ru.json"),
        step=1,
    ),
    *SERVICE_SETTINGS,
    Setting(
        key="allowed_origins",
        label=Text(ru="Сайты, где стоит форма", en="Sites where the form stands"),
        help=Text(
            ru="Адреса вида https://firma.ru через пробел. Пусто — любой сайт. Заявка с сайта не из списка "
            "не "
            "пропадёт: она попадёт в «Спам» с пометкой.",
            en="Addresses like https://firma.com, separated by spaces. Empty: any site. What comes from a "
            "site not "
            "listed is not lost: it goes to Spam with a note.",
        ),
        required=False,
        pattern=ORIGINS,
        step=2,
    ),
    Setting(
        key="access",
        label=Text(ru="От кого принимать", en="Taken from"),
        kind="choice",
        default="open",
        choices=(
            Choice(
                value="open",
                label=Text(ru="от посетителей сайта", en="visitors of the site and anybody else"),
            ),
            Choice(value="key", label=Text(ru="только с ключом API", en="only with the API key")),
        ),
        required=False,
        step=2,
        advanced=True,
    ),
    Setting(
        key="api_key",
        label=Text(ru="Ключ API", en="API key"),
        kind="secret",
        help=Text(
            ru="Нужен, если заявки передаёт ваш сервер: заголовок X-API-Key. Придумайте длинную строку.",
            en="Needed when your own server hands submissions over: header X-API-Key. Make up a long string.",
        ),
        required=False,
        pattern=r"\S{16,200}",
        step=2,
        advanced=True,
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
        key="captcha",
        label=Text(ru="Проверка «я не робот»", en="Captcha"),
        kind="choice",
        help=Text(
            ru="Если служба проверки не отвечает, заявка не пропадёт: она попадёт в карантин.",
            en="When its service does not answer, nothing is lost: the submission goes to quarantine.",
        ),
        choices=(
            Choice(value="none", label=Text(ru="нет", en="none")),
            Choice(value="smartcaptcha", label=Text(ru="Yandex SmartCaptcha", en="Yandex SmartCaptcha")),
            Choice(value="turnstile", label=Text(ru="Cloudflare Turnstile", en="Cloudflare Turnstile")),
        ),
        required=False,
        default="none",
        step=2,
        advanced=True,
    ),
    *CAPTCHA_SETTINGS,
    Setting(
        key="without_consent",
        label=Text(
            ru="Форма без согласия на обработку данных", en="The form asks for no consent to process data"
        ),
        kind="choice",
        choices=(
            Choice(value="no", label=Text(ru="нельзя", en="not allowed")),
            Choice(value="yes", label=Text(ru="согласие получено иначе", en="consent is given another way")),
        ),
        required=False,
        default="no",
        step=2,
        advanced=True,
    ),
)
