"""The relay: room sessions of views whose browser reaches no server but Jupyter's, through the kernel.

    view <- custom messages on the widget's comm -> kernel <- one WebSocket a view -> room server

The comm loses messages (a dropped browser connection, Jupyter's limit on output) and may double them, and what the
kernel says reaches every front end. So each connection of a view is a link under a random id of its own, with one
stream of text frames each way that delivers every frame once and in order. The frames are the server's own JSON
messages, passed as they are.

Every message is an object with `kind: "relay"`, `view`, `link` and `type`; a field with `?` may be missing:

| type    | from | further fields                                    |
|---------|------|---------------------------------------------------|
| `open`  | view | `token`                                           |
| `data`  | both | `seq`, `ack`, `have?`, `frames?`, `more?`, `end?` |
| `ack`   | both | `ack`, `have?`, `ping?`                           |
| `close` | both | `code`, `reason`                                  |

- `open` begins a link, for the user whose `token` it is, or for the kernel's own with "". Repeated until answered.
- `data` is packet `seq` (from 1) of the sender's stream: `frames`, the last of which goes on in the next packet with
  `more`. The kernel's first packet says that the server has let the view in. `end: {code, reason}` says that nothing
  follows.
- `ack`, here and in `data`: all packets up to it have come, and those whose numbers are in `have`. With `ping` the
  sender wants an answer at once.
- `close`: the link is over, or unknown here. Sent once; answers whatever comes for a link that is over, but a `close`.

`code` is "closed" for an end that was wanted, else the code of an error in `rayrooms.errors`: `bad_token` when the
server does not take the token, `room_unavailable` when trying again may help. Only the kernel pings (a hidden page's
timers hardly run), and a link on which nothing is heard, or nothing acknowledged, for a minute is over. `Limits` has
the figures; `Pacer` holds all links of a kernel together below what Jupyter lets through.
"""

from rayrooms_jupyter.relay.hub import RelayHub

__all__ = ["RelayHub"]
