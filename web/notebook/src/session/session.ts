/** The session of one view: one user in one room, over whatever transport there is. */

import { type ReadonlySignal, signal } from "@preact/signals";
import { UnauthenticatedError, UnavailableError } from "../../../client/src/errors.ts";
import { RestClient } from "../../../client/src/rest/client.ts";
import { Room } from "../../../client/src/room.ts";
import type { EditStore } from "../../../client/src/store/edit-store.ts";
import type { Timing } from "../../../client/src/timing.ts";
import type { Connect } from "../../../client/src/transport/connection.ts";
import type { Entry } from "./entrance.ts";
import type { Credentials, Identity } from "./identity.ts";
import { inherit, type Unsaved, unsavedIn } from "./inheritance.ts";
import type { Ladder, TransportInUse } from "./ladder.ts";
import type { Ways } from "./ways.ts";

/** One user's part in one room. */
export interface WidgetSession {
  readonly room: Room;
  /** As known now: who the kernel's own user is, the room tells. */
  readonly identity: Identity;
  /** In use now; null while there is no connection. */
  readonly transport: ReadonlySignal<TransportInUse | null>;
  /**
   * What takes this session's place, once there is one: the server has forgotten the guest (its data were wiped), or
   * somebody else is logged in to Jupyter. A view goes on with that one; this one is over, and its room is closed.
   */
  readonly successor: ReadonlySignal<WidgetSession | null>;
  /**
   * The text of the session before with edits that were not saved and are not in this room either, for the view to show,
   * so that nothing typed is lost; else null.
   */
  readonly leftOver: ReadonlySignal<string | null>;
  /** Calls through the transport in use; null without a connection, and over the relay, which carries none. */
  rest(): RestClient | null;
  /**
   * Ends this session, not its successor: waits a while until all edits are saved, unless they are kept and there is no
   * connection, and rejects as `Room.close` does.
   */
  close(): Promise<void>;
}

export interface SessionParts {
  /** Of the room server, as the widget names it: the store keeps edits under it, whatever way they go. */
  readonly url: string;
  readonly roomId: string;
  readonly store: EditStore | null;
  readonly timing?: Partial<Timing>;
  readonly ladderOf: (entry: Entry) => Ladder;
  /** What Jupyter's server wants of its page's requests. */
  readonly headers: () => Record<string, string>;
  /** Finds out anew who takes part. */
  readonly enter: () => Promise<Entry>;
}

/** Long enough for every rung of the ladder to be waited for. */
const TIMING: Partial<Timing> = { connectTimeout: 15_000 };

export class LiveSession implements WidgetSession {
  readonly room: Room;
  readonly transport: ReadonlySignal<TransportInUse | null>;
  readonly #successor = signal<WidgetSession | null>(null);
  readonly #leftOver = signal<string | null>(null);
  readonly #parts: SessionParts;
  readonly #credentials: Credentials;
  readonly #ways: Ways;
  #replacing: Promise<void> | null = null;
  #isClosed = false;

  constructor(entry: Entry, parts: SessionParts) {
    this.#parts = parts;
    this.#credentials = entry.credentials;
    this.#ways = entry.ways;
    const ladder = parts.ladderOf(entry);
    this.transport = ladder.transport;
    const { userId } = entry.credentials.identity;
    this.room = Room.open({
      url: parts.url,
      roomId: parts.roomId,
      connect: reporting(ladder.connect, entry.credentials),
      token: () => this.#token(),
      timing: { ...TIMING, ...parts.timing },
      ...(userId !== "" && { userId, store: parts.store }),
    });
  }

  get identity(): Identity {
    const { identity } = this.#credentials;
    if (identity.userId !== "") return identity;
    const self = this.room.participants.find((one) => one.session_id === this.room.sessionId);
    return self === undefined ? identity : { ...identity, userId: self.user_id, name: self.name };
  }

  get successor(): ReadonlySignal<WidgetSession | null> {
    return this.#successor;
  }

  get leftOver(): ReadonlySignal<string | null> {
    return this.#leftOver;
  }

  rest(): RestClient | null {
    const { direct, proxy } = this.#ways;
    switch (this.transport.value) {
      case "direct":
        return direct === null ? null : new RestClient(direct, () => this.#token());
      case "proxy": {
        // For whom it vouches itself, it needs no token from the page.
        const token = this.#credentials.identity.kind === "verified" ? undefined : () => this.#token();
        return proxy === null ? null : new RestClient(proxy, token, { headers: this.#parts.headers });
      }
      default:
        return null;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // What is kept and cannot be sent now is for the view that comes next, which may be there already.
    const { keepsEdits, status } = this.room;
    await this.room.close({ wait: status === "online" || !keepsEdits });
  }

  /** Take over what an earlier session had not saved. */
  async inherit(unsaved: Unsaved): Promise<void> {
    try {
      await inherit(this.room, unsaved);
    } catch {
      this.#leftOver.value = unsaved.text;
    }
  }

  async #token(): Promise<string> {
    const token = await this.#credentials.token();
    if (token !== null) return token;
    this.#replacing ??= this.#replace().catch((error: unknown) => {
      this.#replacing = null; // to be tried again with the next connection
      throw error;
    });
    await this.#replacing;
    throw new UnavailableError("Somebody else takes part from here now.");
  }

  async #replace(): Promise<void> {
    const entry = await this.#parts.enter();
    if (this.#isClosed) return;
    const unsaved = unsavedIn(this.room);
    const isKept = this.room.keepsEdits;
    const successor = new LiveSession(entry, this.#parts);
    if (unsaved !== null) {
      // A guest is whoever sits here. Of somebody whom Jupyter knew, the edits wait in the store for their return.
      if (this.#credentials.identity.kind !== "verified") void successor.inherit(unsaved);
      else if (!isKept) successor.#leftOver.value = unsaved.text;
    }
    this.#isClosed = true;
    void this.room.close({ wait: false });
    this.#successor.value = successor;
  }
}

/**
 * `connect`, but telling `credentials` which tokens the server refuses. Not so of a user whom it has made just now and
 * not let in yet: another one would fare no better, and so on without end.
 */
function reporting(connect: Connect, credentials: Credentials): Connect {
  let isDoubtful = credentials.isNew;
  return (url, token, events) => {
    const report = (error: unknown) => {
      if (error instanceof UnauthenticatedError && !isDoubtful) credentials.refused(token);
    };
    try {
      return connect(url, token, {
        opened: () => {
          isDoubtful = false;
          events.opened();
        },
        received: (message) => events.received(message),
        ended: (error) => {
          report(error);
          events.ended(error);
        },
      });
    } catch (error) {
      report(error);
      throw error;
    }
  };
}
