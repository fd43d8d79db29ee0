"""What does the Bot API send?

Only the fields that we use; unknown ones are passed over. Bot API: Update, Message and the types they hold.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct

Whole: TypeAlias = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""Bot API: identifiers have at most 52 significant bits."""
Name: TypeAlias = Annotated[str, Meta(min_length=1)]
Size: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Seconds: TypeAlias = Annotated[int, Meta(ge=946_684_800, le=4_102_444_800)]
"""Unix time; before the year 2000 and after 2100 nobody wrote."""


class User(Struct, frozen=True, gc=False):
    id: Whole
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Chat(Struct, frozen=True, gc=False):
    id: Whole
    type: str = ""
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None


class File(Struct, frozen=True, gc=False):
    """PhotoSize, Video, Animation, VideoNote, Voice, Audio, Document and Sticker alike."""

    file_id: Name
    file_unique_id: str | None = None
    file_size: Size | None = None
    file_name: str | None = None
    mime_type: str | None = None
    width: Size | None = None
    height: Size | None = None
    length: Size | None = None
    duration: Size | None = None
    performer: str | None = None
    title: str | None = None
    emoji: str | None = None
    is_animated: bool = False
    is_video: bool = False


class Place(Struct, frozen=True, gc=False):
    latitude: float
    longitude: float


class Venue(Struct, frozen=True, gc=False):
    location: Place
    title: str = ""
    address: str = ""


class SharedContact(Struct, frozen=True, gc=False):
    phone_number: str
    first_name: str = ""
    last_name: str | None = None
    user_id: Whole | None = None


class Entity(Struct, frozen=True, gc=False):
    type: str
    offset: Whole
    length: Whole
    url: str | None = None
    user: User | None = None


class Origin(Struct, frozen=True, gc=False):
    """MessageOriginUser, -HiddenUser, -Chat and -Channel alike."""

    date: Seconds | None = None
    sender_user: User | None = None
    sender_user_name: str | None = None
    sender_chat: Chat | None = None
    chat: Chat | None = None


class Quote(Struct, frozen=True, gc=False):
    text: str
    is_manual: bool = False


class Button(Struct, frozen=True, gc=False):
    text: str = ""
    callback_data: str | None = None


class Keyboard(Struct, frozen=True, gc=False):
    inline_keyboard: list[list[Button]] = []


class Topic(Struct, frozen=True, gc=False):
    name: str | None = None


class Replied(Struct, frozen=True, gc=False, rename={"from_": "from"}):
    message_id: Whole
    from_: User | None = None
    forum_topic_created: Topic | None = None


class Foreign(Struct, frozen=True, gc=False):
    """A message of another chat that is answered here (Bot API: ExternalReplyInfo)."""

    origin: Origin | None = None


class Message(Struct, frozen=True, gc=False, rename={"from_": "from"}):
    message_id: Whole
    chat: Chat
    date: Seconds
    from_: User | None = None
    sender_chat: Chat | None = None
    sender_business_bot: User | None = None
    business_connection_id: str | None = None
    message_thread_id: Whole | None = None
    is_topic_message: bool = False
    edit_date: Seconds | None = None
    media_group_id: str | None = None
    reply_to_message: Replied | None = None
    quote: Quote | None = None
    external_reply: Foreign | None = None
    forward_origin: Origin | None = None
    text: str | None = None
    entities: list[Entity] | None = None
    caption: str | None = None
    caption_entities: list[Entity] | None = None
    photo: list[File] | None = None
    live_photo: File | None = None
    video: File | None = None
    animation: File | None = None
    video_note: File | None = None
    voice: File | None = None
    audio: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Place | None = None
    venue: Venue | None = None
    contact: SharedContact | None = None
    reply_markup: Keyboard | None = None


class Pinned(Struct, frozen=True, gc=False):
    message_id: Whole
    text: str | None = None
    caption: str | None = None


class Happened(Struct, frozen=True, gc=False):
    """What a service message tells (Bot API: Message)."""

    new_chat_members: list[User] | None = None
    left_chat_member: User | None = None
    new_chat_title: str | None = None
    forum_topic_created: Topic | None = None
    forum_topic_edited: Topic | None = None
    pinned_message: Pinned | None = None
    migrate_from_chat_id: Whole | None = None


class Services(Struct, frozen=True, gc=False):
    """The same update, read for its service message."""

    message: Happened | None = None
    business_message: Happened | None = None


class ReactionType(Struct, frozen=True, gc=False):
    type: str
    emoji: str | None = None


class MessageReaction(Struct, frozen=True, gc=False):
    chat: Chat
    message_id: Whole
    date: Seconds
    user: User | None = None
    actor_chat: Chat | None = None
    new_reaction: list[ReactionType] = []


class ChatMember(Struct, frozen=True, gc=False):
    status: str


class MemberChange(Struct, frozen=True, gc=False, rename={"from_": "from"}):
    chat: Chat
    date: Seconds
    new_chat_member: ChatMember
    from_: User | None = None


class Pressed(Struct, frozen=True, gc=False):
    """The message under whose button somebody pressed; its date is 0 when the bot cannot see it any more."""

    message_id: Whole
    chat: Chat
    business_connection_id: str | None = None
    message_thread_id: Whole | None = None
    is_topic_message: bool = False
    reply_markup: Keyboard | None = None


class CallbackQuery(Struct, frozen=True, gc=False, rename={"from_": "from"}):
    id: Name
    from_: User
    message: Pressed | None = None
    data: str | None = None
    game_short_name: str | None = None


class DeletedMessages(Struct, frozen=True, gc=False):
    business_connection_id: Name
    chat: Chat
    message_ids: Annotated[list[Whole], Meta(min_length=1)]


class BusinessRights(Struct, frozen=True, gc=False):
    can_reply: bool = False
    can_read_messages: bool = False
    can_delete_sent_messages: bool = False
    can_delete_all_messages: bool = False


class BusinessConnection(Struct, frozen=True, gc=False):
    """`can_reply` beside the rights is what older servers say (Bot API: BusinessConnection)."""

    id: Name
    user: User
    date: Seconds
    is_enabled: bool = True
    rights: BusinessRights | None = None
    can_reply: bool = False


class Update(Struct, frozen=True, gc=False):
    """One update; at most one of the optional fields is there. Kinds that we do not use are passed over."""

    update_id: Whole
    message: Message | None = None
    edited_message: Message | None = None
    business_message: Message | None = None
    edited_business_message: Message | None = None
    deleted_business_messages: DeletedMessages | None = None
    business_connection: BusinessConnection | None = None
    message_reaction: MessageReaction | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: MemberChange | None = None


class ChatId(Struct, frozen=True, gc=False):
    id: Whole


class HeadOfFact(Struct, frozen=True, gc=False, rename={"from_": "from"}):
    chat: ChatId | None = None
    from_: ChatId | None = None
    business_connection_id: str | None = None


class HeadOfPress(Struct, frozen=True, gc=False, rename={"from_": "from"}):
    from_: ChatId
    message: HeadOfFact | None = None


class Head(Struct, frozen=True, gc=False):
    """As much of an update as its key and lane need."""

    update_id: Whole
    message: HeadOfFact | None = None
    edited_message: HeadOfFact | None = None
    business_message: HeadOfFact | None = None
    edited_business_message: HeadOfFact | None = None
    deleted_business_messages: HeadOfFact | None = None
    message_reaction: HeadOfFact | None = None
    my_chat_member: HeadOfFact | None = None
    callback_query: HeadOfPress | None = None


class Number(Struct, frozen=True, gc=False):
    """An update of which nothing but the number can be read."""

    update_id: Whole


class Parameters(Struct, frozen=True, gc=False):
    retry_after: float | None = None


class Answer(Struct, frozen=True, gc=False):
    """What every call is answered with (Bot API: Making requests)."""

    ok: bool
    result: Raw = Raw(b"null")
    description: str = ""
    parameters: Parameters | None = None


class Me(Struct, frozen=True, gc=False):
    id: Whole
    first_name: str = ""
    username: str = ""


class WebhookInfo(Struct, frozen=True, gc=False):
    url: str = ""
    pending_update_count: Whole = 0
    last_error_message: str = ""
    allowed_updates: list[str] | None = None


class StoredFile(Struct, frozen=True, gc=False):
    file_path: str = ""
    file_size: Size | None = None


class ChatPhoto(Struct, frozen=True, gc=False):
    big_file_id: str = ""


class FullChat(Struct, frozen=True, gc=False):
    """Bot API: ChatFullInfo."""

    id: Whole
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    photo: ChatPhoto | None = None
