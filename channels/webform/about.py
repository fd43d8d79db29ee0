"""How does a web form present itself?"""

from __future__ import annotations

from collections.abc import Mapping

from channels.about import About, Copy, Step, Text
from channels.webform.lessons import TARGETS
from channels.webform.proof import WEIGHT
from channels.webform.settings import SETTINGS
from channels.webform.templates import TEMPLATES
from channels.webform.texts import words

STEPS = (
    Step(
        title=Text(ru="Поля", en="Fields"),
        text=Text(
            ru="1. Решите, что спросить: телефон или почту, имя, вопрос.\n"
            "2. Поменяйте подписи в описании или оставьте готовую форму.\n"
            "3. Согласие на обработку данных — отдельная галочка, заранее не отмечена.",
            en="1. Decide what to ask: phone or e-mail, name, question.\n"
            "2. Change the labels in the description or keep the ready form.\n"
            "3. Consent to process data is a box of its own, not ticked beforehand.",
        ),
    ),
    Step(
        title=Text(ru="Сайт", en="Site"),
        text=Text(
            ru="1. Впишите адреса сайтов, где будет форма.\n2. Если заявки передаёт ваш сервер, задайте "
            "ключ API.",
            en="1. Enter the addresses of the sites where the form will stand.\n"
            "2. If your own server hands submissions over, set an API key.",
        ),
    ),
    Step(
        title=Text(ru="Кому лиды", en="Who gets the leads"),
        text=Text(ru="Выберите очередь, в которую попадут заявки.", en="Choose the queue that gets them."),
    ),
    Step(
        title=Text(ru="Проверка", en="Test"),
        text=Text(
            ru="1. Откройте страницу формы по ссылке.\n2. Заполните и отправьте: заявка появится здесь.",
            en="1. Open the form's page by the link.\n2. Fill it in and send: it will appear here.",
        ),
        copies=(Copy(label=Text(ru="Страница формы", en="The form's page"), value="{public_url}/f/{slug}"),),
    ),
    Step(
        title=Text(ru="Разместить", en="Place"),
        text=Text(
            ru="1. Вставьте код на сайт, или дайте ссылку на страницу, или укажите адрес приёма в Tilda, "
            "WordPress "
            "или своём сервере.\n2. Отправьте заявку с самого сайта и посмотрите, что метки рекламы дошли.",
            en="1. Put the code on the site, or give the link to the page, or enter the receiving address "
            "in Tilda, "
            "WordPress or your own server.\n2. Send one from the site itself and see that the ad tags "
            "arrived.",
        ),
    ),
)

PLACE = (
    Copy(
        label=Text(
            ru="Код для сайта (без скриптов останется ссылкой)",
            en="Code for the site (a link without scripts)",
        ),
        value='<a href="{public_url}/f/{slug}" data-inbox-form="{slug}">Оставить заявку</a>\n'
        '<script async src="{public_url}/f/{slug}.js"></script>',
    ),
    Copy(
        label=Text(ru="Рамка", en="Frame"),
        value='<iframe src="{public_url}/f/{slug}" title="Заявка" width="100%" height="640" '
        'style="border:0" referrerpolicy="no-referrer-when-downgrade"></iframe>',
    ),
    Copy(label=Text(ru="Ссылка на страницу", en="Link to the page"), value="{public_url}/f/{slug}"),
    Copy(
        label=Text(
            ru="Адрес приёма для Tilda, WordPress и других",
            en="Receiving address for Tilda, WordPress and others",
        ),
        value="{hook_url}",
    ),
    Copy(
        label=Text(ru="Обычная HTML-форма", en="Plain HTML form"),
        value='<meta name="referrer" content="no-referrer-when-downgrade">\n'
        '<form method="post" action="{public_url}/f/{slug}">\n'
        '  <input name="name">\n  <input name="phone" '
        'type="tel" required>\n'
        '  <textarea name="message"></textarea>\n  <button>Отправить</button>\n</form>',
    ),
    Copy(
        label=Text(ru="Свой сервер", en="Your own server"),
        value="curl -X POST {hook_url} -H 'Content-Type: application/json' -H 'X-API-Key: …' \\\n"
        '  -d \'{"phone": "+79161234567", "message": "…", "_sid": "order-1024"}\'',
    ),
)

ERRORS: Mapping[str, Text] = {
    "form_ready": Text(ru="Форма готова", en="The form is ready"),
    "form_not_json": Text(
        ru="Описание формы — не JSON. Проверьте скобки и кавычки",
        en="The form's description is not JSON. Check brackets and quotes",
    ),
    "form_wrong_type": Text(
        ru="В описании формы лишнее или неверное значение. Место указано рядом",
        en="The form's description holds a wrong or unknown value. The place is given beside it",
    ),
    "form_empty": Text(
        ru="В форме нет полей. Добавьте хотя бы одно", en="The form has no fields. Add at least one"
    ),
    "form_too_long": Text(ru="Полей слишком много. Уберите лишние", en="Too many fields. Take some away"),
    "form_name_twice": Text(
        ru="Два поля с одним именем. Переименуйте одно", en="Two fields of one name. Rename one"
    ),
    "form_bad_name": Text(
        ru="Имя поля: латинские буквы, цифры, точка, дефис, подчёркивание; начинается с буквы",
        en="A field's name is Latin letters, digits, dot, hyphen, underscore, and begins with a letter",
    ),
    "form_no_options": Text(
        ru="У поля с выбором нет вариантов или их больше ста",
        en="A field with a choice has no options, or over a hundred",
    ),
    "form_no_text": Text(
        ru="У согласия нет текста. Впишите его целиком", en="A consent has no text. Enter it in full"
    ),
    "form_bad_url": Text(ru="Адрес должен начинаться с https://", en="An address must begin with https://"),
    "form_bad_target": Text(
        ru="Поле карточки пишется как contact.segment или deal.amount",
        en="A field of a card is written contact.segment or deal.amount",
    ),
    "form_bad_letter": Text(
        ru="Письму-подтверждению нужны тема в одну строку (до 200 знаков) и текст (до 4000)",
        en="The confirmation letter needs a subject of one line (up to 200) and a text (up to 4000)",
    ),
    "lessons_not_json": Text(
        ru="Описание полей испорчено. Научите форму заново по образцу",
        en="What the fields mean cannot be read. Teach the form again by a sample",
    ),
    "lessons_bad_target": Text(
        ru="Такого значения поля нет. Выберите из списка",
        en="There is no such meaning. Choose one of the list",
    ),
    "link_unreachable": Text(
        ru="Файл по ссылке не открывается. Ссылка осталась в ответах; можно попробовать ещё раз",
        en="The file at the link cannot be got. The link is among the answers; you may try again",
    ),
    "link_forbidden": Text(
        ru="Ссылка на файл ведёт не в интернет. Файл не скачан, ссылка осталась в ответах",
        en="The link to the file leads where we do not go. It was not fetched; the link is among the answers",
    ),
    "form_bad_limit": Text(
        ru="Предел поля вне допустимого: текст до 10 000 знаков, до 10 файлов по 20 МБ",
        en="A field's limit is out of bounds: text up to 10 000 characters, up to 10 files of 20 MB",
    ),
    "no_consent": Text(
        ru="Форма спрашивает личные данные без обязательного согласия. Добавьте поле вида consent или "
        "подтвердите, "
        "что согласие получено иначе",
        en="The form asks for personal data without a required consent. Add a field of kind consent, or "
        "confirm "
        "that consent is given another way",
    ),
    "no_way_back": Text(
        ru="Форма не спрашивает ни телефона, ни почты: ответить будет некуда",
        en="The form asks for neither phone nor e-mail: there will be no way to answer",
    ),
    "origins_listed": Text(ru="Форма стоит на сайтах из списка", en="The form stands on the listed sites"),
    "origins_any": Text(
        ru="Заявки принимаются с любого сайта. Впишите свои адреса, чтобы чужие попадали в «Спам»",
        en="Any site may post. List your own, so that others go to Spam",
    ),
    "no_public_url": Text(
        ru="Нет внешнего адреса: форма откроется только в вашей сети",
        en="There is no public address: the form opens only in your own network",
    ),
    "cannot_answer": Text(
        ru="В форму ответить нельзя: ответьте по телефону или почте",
        en="A form cannot be answered: answer by phone or e-mail",
    ),
    "no_media": Text(ru="Такого файла в заявке нет", en="There is no such file in the submission"),
    "empty": Text(ru="Форма пришла пустой", en="The form came empty"),
    "bad_json": Text(ru="Пришёл испорченный JSON. Заявка сохранена", en="Broken JSON came. It was kept"),
    "bad_multipart": Text(
        ru="Форма с файлами пришла обрезанной. Заявка сохранена",
        en="A form with files was cut short. It was kept",
    ),
    "too_large": Text(
        ru="Слишком длинная заявка. Она сохранена", en="The submission is too long. It was kept"
    ),
    "too_many_fields": Text(ru="Слишком много полей. Заявка сохранена", en="Too many fields. It was kept"),
    **{sign: Text(ru=words("ru")[f"spam_{sign}"], en=words("en")[f"spam_{sign}"]) for sign in WEIGHT},
}

ABOUT = About(
    title=Text(ru="Форма на сайт", en="Web form"),
    mark="form",
    aliases=("форма", "сайт", "заявка", "site"),
    colour="form",
    summary=Text(
        ru="Заявки с сайта: готовая страница, код для вставки, Tilda, WordPress, свой сервер",
        en="Submissions from your site: a ready page, code to embed, Tilda, WordPress, your own server",
    ),
    needs=Text(
        ru="Доступ к правке сайта, чтобы вставить код. Страница формы работает и без него",
        en="The right to edit the site, to put the code in. The form's own page works without it",
    ),
    minutes=3,
    settings=SETTINGS,
    steps=STEPS,
    templates=TEMPLATES,
    targets=TARGETS,
    test_prompt=Text(ru="Отправьте тестовую заявку", en="Send a test submission"),
    place=PLACE,
    errors=ERRORS,
    kinds={
        "phone": Text(ru="Телефон", en="Phone"),
        "email": Text(ru="Почта", en="E-mail"),
        "submission": Text(ru="Заявка без контакта", en="Submission without an address"),
    },
    profile_links={"phone": "tel:{value}", "email": "mailto:{value}"},
)
