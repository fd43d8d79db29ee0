"""VK communities.

What surprises here. Only the field `secret` inside the body proves a callback. The answer must be exactly
`ok`; `remove` would delete the callback server. Errors come inside HTTP 200. Events carry no names and no
word of a deletion. `conversation_message_id` counts in one dialog; the community's own message id is 0 in
group chats. A video has no file address, only a page. The same `random_id` is never sent twice, so a
doubtful send is simply repeated. vk_api blocks and is imported with requests on the community's own thread,
at the first call.
"""

from channels.vk.channel import VK

CHANNEL = VK
