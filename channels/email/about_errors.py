"""What do the codes of this channel mean, and what is to be done?"""

from __future__ import annotations

from collections.abc import Mapping

from channels.about import Text

CHECKS: Mapping[str, Text] = {
    "imap_login": Text(ru="Вход для чтения писем работает", en="Signing in to read letters works"),
    "folders": Text(ru="Папки открываются", en="The folders open"),
    "idle": Text(ru="Сервер сам сообщает о новых письмах", en="The server tells about new letters by itself"),
    "no_idle": Text(
        ru="Сервер не сообщает о новых письмах сам: проверяем ящик раз в минуту",
        en="The server does not tell about new letters: we look once a minute",
    ),
    "server_alert": Text(ru="Почтовый сервер просит передать", en="The mail server asks us to tell you"),
    "mailbox_full": Text(
        ru="Ящик переполнен: новые письма возвращаются клиентам, и мы о них не узнаём. Освободите место в ящике или"
        " увеличьте его у провайдера.",
        en="The mailbox is full: new letters go back to the clients, and we never hear of them. Make room in it or get a"
        " larger one from the provider.",
    ),
    "mailbox_filling": Text(
        ru="Ящик почти полон: освободите место, пока письма не стали возвращаться клиентам",
        en="The mailbox is almost full: make room before letters go back to the clients",
    ),
    "smtp_login": Text(ru="Вход для отправки писем работает", en="Signing in to send letters works"),
    "certificate_unreadable": Text(
        ru="Сертификат не читается. Вставьте его целиком, вместе со строками BEGIN CERTIFICATE и END CERTIFICATE.",
        en="The certificate cannot be read. Paste the whole of it, with the BEGIN CERTIFICATE and END CERTIFICATE lines.",
    ),
    "round_trip": Text(
        ru="Письмо самому себе отправлено и пришло", en="A letter to ourselves left and arrived"
    ),
    "sent_filed": Text(
        ru="Почта сама кладёт отправленное в «Отправленные»",
        en="The provider puts what was sent into Sent by itself",
    ),
    "round_trip_late": Text(
        ru="Письмо самому себе отправлено, но пока не пришло. Посмотрите, не попало ли оно в «Спам».",
        en="A letter to ourselves left but has not arrived yet. Look whether it went to Spam.",
    ),
}

CONNECTION: Mapping[str, Text] = {
    "login_refused": Text(
        ru="Почта не приняла адрес или пароль. Создайте новый пароль приложения и вставьте его целиком.",
        en="The mail server refused the address or the password. Make a new app password and paste all of "
        "it.",
    ),
    "app_password_needed": Text(
        ru="Обычный пароль здесь не подходит: нужен пароль приложения. Где его взять, написано в шаге 1.",
        en="The ordinary password does not work here: an app password is needed. Step 1 says where to get "
        "it.",
    ),
    "oauth_refused": Text(
        ru="Доступ по токену отозван или не выдан. Получите новый refresh-токен и вставьте его.",
        en="The token's right was taken back or never given. Get a new refresh token and paste it.",
    ),
    "oauth_unreachable": Text(
        ru="Сервер, который обновляет токены, не отвечает. Попробуем ещё раз сами.",
        en="The server that renews tokens does not answer. We shall try again.",
    ),
    "imap_switched_off": Text(
        ru="Чтение почты другими программами (IMAP) выключено. Включите его в настройках почты.",
        en="Reading mail with other programs (IMAP) is off. Switch it on in the mail settings.",
    ),
    "smtp_switched_off": Text(
        ru="Отправка через другие программы (SMTP) выключена. Разрешите её в настройках почты.",
        en="Sending through other programs (SMTP) is off. Allow it in the mail settings.",
    ),
    "smtp_no_login": Text(
        ru="Этот сервер отправки не спрашивает пароля: проверьте порт и вид защиты.",
        en="This sending server asks for no password: check the port and the kind of protection.",
    ),
    "smtp_no_tls": Text(
        ru="Сервер отправки не умеет STARTTLS: проверьте порт и вид защиты.",
        en="The sending server knows no STARTTLS: check the port and the kind of protection.",
    ),
    "host_not_found": Text(
        ru="Такого сервера нет. Проверьте имя сервера.", en="There is no such server. Check its name."
    ),
    "bad_certificate": Text(
        ru="Сертификат сервера не вызывает доверия: он просрочен, чужой или самодельный.",
        en="The server's certificate is not trusted: it is out of date, somebody else's or home-made.",
    ),
    "imap_tls": Text(
        ru="Сервер не отвечает по TLS. Проверьте порт: для IMAP обычно 993.",
        en="The server does not answer by TLS. Check the port: for IMAP it is mostly 993.",
    ),
    "found_by_known": Text(
        ru="Узнали службу по адресу, серверы подставлены.",
        en="The provider is known by the address; its servers are filled in.",
    ),
    "found_by_mx": Text(
        ru="Почту этого домена принимает эта служба, серверы подставлены.",
        en="This provider takes the domain's mail; its servers are filled in.",
    ),
    "found_by_srv": Text(
        ru="Серверы назвал сам домен (SRV). Проверьте их, прежде чем вводить пароль.",
        en="The domain names these servers itself (SRV). Check them before you enter the password.",
    ),
    "found_by_autoconfig": Text(
        ru="Серверы взяты из автонастройки домена. Проверьте их, прежде чем вводить пароль.",
        en="The servers come from the domain's autoconfig. Check them before you enter the password.",
    ),
    "found_nothing": Text(
        ru="Серверы по адресу не нашлись. Выберите службу или впишите серверы сами.",
        en="The address tells no servers. Choose the provider or enter the servers yourself.",
    ),
    "no_spf": Text(
        ru="У домена нет записи SPF: письма с него чаще попадают в спам. Добавьте её в DNS домена.",
        en="The domain has no SPF record, so its letters are more often taken for spam. Add one to its DNS.",
    ),
    "no_dmarc": Text(
        ru="У домена нет записи DMARC: от его имени легче подделать письмо. Добавьте её в DNS домена.",
        en="The domain has no DMARC record, so letters in its name are easier to forge. Add one to its DNS.",
    ),
    "imap_no_tls": Text(
        ru="Сервер чтения не умеет STARTTLS: проверьте порт и вид защиты.",
        en="The reading server knows no STARTTLS: check the port and the kind of protection.",
    ),
    "imap_timeout": Text(
        ru="Почтовый сервер не ответил вовремя. Попробуем ещё раз сами.",
        en="The mail server did not answer in time. We shall try again.",
    ),
    "imap_lost": Text(
        ru="Связь с почтовым сервером прервалась. Восстановим сами, письма не потеряются.",
        en="The connection to the mail server broke. We shall restore it; no letter is lost.",
    ),
    "imap_busy": Text(
        ru="Почтовый сервер просит подождать. Попробуем позже сами.",
        en="The mail server asks us to wait. We shall try later.",
    ),
    "imap_refused": Text(
        ru="Почтовый сервер отклонил запрос. Попробуем ещё раз сами.",
        en="The mail server refused a request. We shall try again.",
    ),
    "no_such_folder": Text(
        ru="Такой папки в ящике нет. Исправьте список папок в настройках.",
        en="There is no such folder in the mailbox. Correct the list in the settings.",
    ),
    "unprotected": Text(
        ru="Без шифрования пароль можно передавать только на этот же компьютер. Выберите TLS.",
        en="Without encryption a password may travel only to this very computer. Choose TLS.",
    ),
    "bad_cursor": Text(
        ru="Отметка, докуда прочитан ящик, повреждена. Отключите и подключите почту снова.",
        en="The mark up to where the mailbox was read is damaged. Disconnect the mailbox and connect it "
        "again.",
    ),
    "smtp_unreachable": Text(
        ru="Сервер отправки недоступен. Письмо не ушло, попробуем ещё раз сами.",
        en="The sending server cannot be reached. The letter did not leave; we shall try again.",
    ),
    "smtp_limit": Text(
        ru="Почта ограничила число писем. Отправка продолжится через час сама.",
        en="The mail provider limits the number of letters. Sending goes on in an hour.",
    ),
    "sender_refused": Text(
        ru="Почта не разрешает писать от этого адреса. Адрес в настройках должен совпадать с логином.",
        en="The provider does not let this login write from this address. They have to be the same.",
    ),
}

LETTERS: Mapping[str, Text] = {
    "smtp_lost": Text(
        ru="Связь прервалась до конца письма. Оно не ушло, попробуем ещё раз сами.",
        en="The connection broke before the letter's end. It did not leave; we shall try again.",
    ),
    "smtp_busy": Text(
        ru="Сервер почты временно не принимает. Попробуем ещё раз сами.",
        en="The mail server does not take letters for the moment. We shall try again.",
    ),
    "greylisted": Text(
        ru="Сервер получателя просит повторить позже: так он отсеивает спам. Повторим сами.",
        en="The recipient's server asks us to come back later, to sift out spam. We shall.",
    ),
    "lost_after_data": Text(
        ru="Связь прервалась после отправки: неизвестно, ушло ли письмо. Посмотрите в «Отправленных».",
        en="The connection broke after sending: nobody knows whether the letter left. Look into Sent.",
    ),
    "no_such_user": Text(
        ru="Такого адреса нет. Исправьте адрес.", en="There is no such address. Correct it."
    ),
    "bad_address": Text(
        ru="Это не похоже на адрес почты. Исправьте адрес.", en="This is no mail address. Correct it."
    ),
    "mailbox_full": Text(
        ru="Ящик получателя переполнен. Свяжитесь с ним иначе.",
        en="The recipient's mailbox is full. Reach them another way.",
    ),
    "too_large": Text(
        ru="Письмо больше, чем принимает сервер. Уберите файл или пришлите ссылку.",
        en="The letter is larger than the server takes. Remove a file or send a link.",
    ),
    "rejected_as_spam": Text(
        ru="Сервер принял письмо за спам. Измените текст, уберите ссылки.",
        en="The server took the letter for spam. Change the text, remove links.",
    ),
    "rejected": Text(ru="Сервер отклонил письмо.", en="The server refused the letter."),
    "bounced": Text(
        ru="Письмо вернулось: его не удалось доставить.",
        en="The letter came back: it could not be delivered.",
    ),
    "sent_in_part": Text(
        ru="Письмо ушло не всем: посмотрите, кому именно.", en="The letter did not reach everybody: see whom."
    ),
    "day_limit": Text(
        ru="Почтовая служба не даёт отправить больше за сутки. Остальное уйдёт само, как только станет можно.",
        en="The provider lets no more leave within a day. The rest leaves by itself once it may.",
    ),
    "tried_for_too_long": Text(ru="Два дня не удавалось отправить.", en="It could not be sent for two days."),
    "address_dead": Text(ru="Такого адреса нет.", en="There is no such address."),
    "letter_gone": Text(
        ru="Этого письма в ящике больше нет.", en="This letter is not in the mailbox any more."
    ),
    "no_media": Text(ru="Такого вложения в письме нет.", en="There is no such file in the letter."),
    "letter_too_large": Text(
        ru="Письмо очень большое: показано начало, целиком оно в файле.",
        en="The letter is very large: its beginning is shown, all of it is in the file.",
    ),
    "letter_not_given": Text(
        ru="Письмо пришло, но почтовый сервер не отдал его содержание. Попробуйте получить файл письма ещё раз"
        " или откройте письмо в почте.",
        en="The letter came, but the mail server did not give its contents. Try again to get the letter's file, or open it"
        " in your mail.",
    ),
    "letter_encrypted": Text(
        ru="Письмо зашифровано: прочитать его может только программа получателя.",
        en="The letter is encrypted: only its recipient's program can read it.",
    ),
    "letter_too_many_parts": Text(
        ru="В письме слишком много вложений: показаны не все.",
        en="The letter has too many files: not all are shown.",
    ),
    "letter_empty": Text(ru="Пустое письмо.", en="An empty letter."),
    "payload_unreadable": Text(ru="Это не письмо.", en="This is no letter."),
}

ERRORS: Mapping[str, Text] = {**CHECKS, **CONNECTION, **LETTERS}
