/** The platform's WebSocket (browsers, Node 22 and later) as a connection, whatever its frames are made of. */

import { type RayroomsError, UnauthenticatedError, UnavailableError, UpgradeRequiredError } from "../errors.ts";
import { type ClientEvent, type ServerEvent, SUBPROTOCOL_BEARER } from "../protocol.ts";
import { addressesOf } from "./address.ts";
import { asServerEvent, type Connect, type Connection, type ConnectionEvents } from "./connection.ts";

const BAD_TOKEN = 4401;
const UPGRADE_REQUIRED = 4426;
const NORMAL = 1000;
const ABNORMAL = 1006;

/** How messages become frames. `decode` may throw anything for a frame that cannot be read. */
export interface Codec {
  subprotocol: string;
  encode(message: ClientEvent): string | Uint8Array<ArrayBuffer>;
  decode(frame: string | ArrayBuffer): unknown;
}

/** A browser cannot set headers: the token is offered as a subprotocol beside the one that is wanted. */
export function webSocket(codec: Codec): Connect {
  return (url, token, events) => {
    const address = addressesOf(url).socket;
    let socket: WebSocket;
    try {
      socket = new WebSocket(address, [codec.subprotocol, SUBPROTOCOL_BEARER + token]);
    } catch (error) {
      // A syntax error is that of a token that no header could carry either: the address is known to be one. All else is
      // the page's to be blamed for, such as an unencrypted connection from a page that came by https.
      if (error instanceof DOMException && error.name === "SyntaxError") {
        throw new UnauthenticatedError("The token is none: it holds characters that no token has.");
      }
      throw new UnavailableError("This page may not connect to the server.", { cause: error });
    }
    return new WebSocketConnection(socket, codec, events);
  };
}

class WebSocketConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #codec: Codec;
  readonly #events: ConnectionEvents;
  #over = false;

  constructor(socket: WebSocket, codec: Codec, events: ConnectionEvents) {
    this.#socket = socket;
    this.#codec = codec;
    this.#events = events;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (!this.#over) events.opened();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#receive(event.data);
    socket.onclose = (event) => this.#end(lost(event.code));
    socket.onerror = () => {
      // A connection that the page's content security policy forbids ends thus in Chromium, without being closed.
      if (socket.readyState === WebSocket.CLOSED) this.#end(lost(ABNORMAL));
    };
  }

  send(message: ClientEvent): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(this.#codec.encode(message));
  }

  close(): void {
    this.#over = true;
    this.#socket.close(NORMAL);
  }

  #receive(frame: string | ArrayBuffer): void {
    if (this.#over) return;
    let message: ServerEvent | null;
    try {
      message = asServerEvent(this.#codec.decode(frame));
    } catch {
      this.#end(new UnavailableError("The server does not speak this protocol."));
      return;
    }
    if (message !== null) this.#events.received(message);
  }

  #end(error: RayroomsError): void {
    if (this.#over) return;
    this.close();
    this.#events.ended(error);
  }
}

/**
 * What a close code says: all but a refused token or client may pass (1012 a restart, 1013 too slow a reader, 1008 one
 * who sends too much, 1006 a cut).
 */
function lost(code: number): RayroomsError {
  if (code === BAD_TOKEN) return new UnauthenticatedError("The server does not accept the token.");
  if (code === UPGRADE_REQUIRED) return new UpgradeRequiredError("The server needs a newer version of this page.");
  return new UnavailableError("The connection to the server is gone.");
}
