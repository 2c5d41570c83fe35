/** A client in its room: it asks to be let in, and takes in whatever the room says. */

import type { Company } from "./company.ts";
import type { Editing } from "./editing.ts";
import { ForbiddenError, fromCode } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import {
  type Change,
  type ErrorData,
  PROTOCOL_VERSION,
  type Role,
  type RoomJoinedData,
  type ServerEvent,
} from "./protocol.ts";
import type { Replica } from "./replica.ts";
import type { Standing } from "./standing.ts";
import type { StateEvent } from "./state-events.ts";

/** Refusals of an edit that no rejoining will change. */
const FINAL: ReadonlySet<string> = new Set([
  "document_too_large",
  "message_too_large",
  "read_only",
  "forbidden",
  "malformed",
  "invalid_operation",
  "invalid_text",
  "unknown_event",
]);

export interface MembershipParts {
  readonly standing: Standing;
  readonly editing: Editing;
  readonly company: Company;
  readonly outbox: Outbox;
  /** Told what to tell the application. */
  readonly tell: (event: StateEvent) => void;
  /** Returns a fresh client id. */
  readonly newClientId: () => string;
}

export class Membership {
  /** The room's name, and the language of its document. */
  name = "";
  language = "text";
  role: Role | null = null;
  sessionId: string | null = null;
  /** Told to the room whenever it lets this client in. */
  presence: "online" | "away" = "online";
  /** Whether the text held here was ever the room's. */
  isKnown = false;
  /** Whether this goes on from a saved state and was not in the room since. */
  isRestored = false;
  readonly #standing: Standing;
  readonly #editing: Editing;
  readonly #company: Company;
  readonly #outbox: Outbox;
  readonly #tell: (event: StateEvent) => void;
  readonly #newClientId: () => string;

  constructor({ standing, editing, company, outbox, tell, newClientId }: MembershipParts) {
    this.#standing = standing;
    this.#editing = editing;
    this.#company = company;
    this.#outbox = outbox;
    this.#tell = tell;
    this.#newClientId = newClientId;
  }

  get #replica(): Replica {
    return this.#editing.replica;
  }

  /** Ask to enter the room, or to be brought up to date in it. */
  join(): void {
    const { clientId, versionEpoch, replica } = this.#editing;
    const standsOn =
      this.isKnown && !this.#standing.isDoubted
        ? { version: replica.version, ...(versionEpoch !== null && { version_epoch: versionEpoch }) }
        : {};
    const join = { client_id: clientId, ...standsOn, protocol: PROTOCOL_VERSION };
    this.#standing.joining(this.#outbox.put("join_room", join));
  }

  /** Take in a message of the present connection. */
  receive(message: ServerEvent): void {
    switch (message.event) {
      case "code_change":
        this.#committed(message.data.changes);
        break;
      case "ack":
        this.#committed(message.data.acks.map((ack) => ({ ...ack, client_id: this.#editing.clientId })));
        break;
      case "durable":
        // Else it may be about another history than the one that is held.
        if (this.#standing.phase === "joined") {
          this.#replica.settle(message.data.version);
        }
        break;
      case "room_joined":
        this.#joined(message.data, message.ref !== undefined && message.ref === this.#standing.joinRef);
        break;
      case "error":
        this.#refused(message.ref ?? null, message.data);
        break;
      case "connection_response":
        this.#standing.greeted();
        break;
      case "room_left":
        this.#standing.putOut();
        break;
      case "sync_response":
        if (message.ref !== undefined) {
          this.#tell({ type: "confirmed", ref: message.ref, version: message.data.version });
        }
        break;
      default:
        this.#others(message);
    }
  }

  #committed(changes: readonly Change[]): void {
    if (this.#standing.phase === "joined" && this.#follow(changes)) {
      this.#editing.send();
    }
  }

  /** Take in commits and acknowledgements. Returns whether they did not send the client astray. */
  #follow(changes: readonly Change[]): boolean {
    const following = this.#editing.follow(changes, (seen) => this.#company.follow(seen));
    if (following === "gap") {
      this.#standing.goAstray();
    } else if (following === "foreign") {
      this.#standing.doubt();
    }
    return following === "followed";
  }

  #others(message: ServerEvent): void {
    if (message.event === "user_joined" && message.data.user.session_id === this.sessionId) {
      this.role = message.data.user.role;
    }
    for (const event of this.#company.receive(message, this.#replica)) {
      this.#tell(event);
    }
    const isChat =
      message.event === "chat_message" || message.event === "message_changed" || message.event === "reaction_added";
    if (isChat && message.ref !== undefined) {
      this.#tell({ type: "answered", ref: message.ref });
    }
  }

  /**
   * The room let this client in, or (not `asked`) let it in anew after it had moved.
   *
   * Edits are numbered anew only after an own request, behind which nothing sent before can be committed.
   */
  #joined(data: RoomJoinedData, asked: boolean): void {
    if (this.#standing.phase !== (asked ? "joining" : "joined")) {
      return;
    }
    if (!asked && this.#needsNewNumbers(data)) {
      this.#standing.goAstray();
      return;
    }
    if (data.last_seq > this.#replica.lastSeq && !this.#meetUnknownEdits(data)) {
      return;
    }
    this.#editing.epoch = data.epoch;
    if (hasContent(data)) {
      this.#editing.rebase(data.content, data.version, data.last_seq, data.durable);
    } else if (!this.#catchUp(data)) {
      this.#standing.doubt();
      return;
    }
    this.#editing.versionEpoch = data.version_epoch;
    this.#enter(data);
  }

  /** Come up to date by operations; false when they do not lead there: then this copy is not the room's. */
  #catchUp(data: RoomJoinedData): boolean {
    this.#replica.settle(data.durable);
    return (
      this.#follow(data.operations ?? []) &&
      this.#replica.version === data.version &&
      this.#replica.acked === data.last_seq
    );
  }

  /** Whether edits that were sent must be numbered anew: some were refused, or the room's history is another. */
  #needsNewNumbers(data: RoomJoinedData): boolean {
    return (
      hasContent(data) ||
      data.last_seq > this.#replica.lastSeq ||
      (data.role === "viewer" && !this.#replica.isAcked) ||
      this.#hasRefusedEdits()
    );
  }

  /**
   * The room has committed more under this client id than this client knows of. Returns whether to go on entering.
   *
   * To one that was restored these are the edits made after it was saved, which only the room's own text can show. For
   * any other the id is somebody else's too: it takes a new one.
   */
  #meetUnknownEdits(data: RoomJoinedData): boolean {
    if (!this.isRestored) {
      this.#editing.clientId = this.#newClientId();
      this.#replica.restartNumbering();
      this.#standing.goAstray();
      return false;
    }
    if (!hasContent(data)) {
      this.#standing.doubt();
      return false;
    }
    return true;
  }

  /** Up to date with the room: take up who and what is in it, and send again what it has not. */
  #enter(data: RoomJoinedData): void {
    this.#standing.entered();
    this.isKnown = true;
    this.isRestored = false;
    this.sessionId = data.session_id;
    this.role = data.role;
    this.name = data.name ?? "";
    this.language = data.language ?? "text";
    this.#company.startOver(data.users ?? [], data.messages ?? []);
    if (data.role === "viewer") {
      this.#editing.withdraw(readOnly());
    } else if (this.#hasRefusedEdits()) {
      this.#editing.withdraw(null);
    }
    this.#editing.sendAgain();
    if (this.presence === "away") {
      this.#outbox.put("presence_update", { status: "away" });
    }
  }

  #hasRefusedEdits(): boolean {
    return this.#replica.sent.some((edit) => edit.refusal !== null);
  }

  #refused(ref: number | null, data: ErrorData): void {
    const error = fromCode(data.code, data.message, data.retry_after ?? null);
    if (ref !== null && ref === this.#standing.joinRef) {
      if (this.#standing.phase === "joining") {
        this.#standing.joinRefused(error);
      }
      return;
    }
    const seq = data.seq ?? null;
    const edit = this.#replica.find(ref, seq);
    if (edit === null) {
      if (seq !== null) {
        return; // an earlier sending of an edit that has been sent again since
      }
      this.#tell({ type: "requestRefused", error, ref });
      if (data.code === "not_joined") {
        this.#standing.goAstray(error);
      }
      return;
    }
    if (FINAL.has(data.code)) {
      edit.refusal = error;
    }
    // Unless it is on its way already: the others pipelined behind that edit fail too.
    if (this.#standing.phase === "joined") {
      this.#standing.goAstray(edit.refusal === null ? error : null);
    }
  }
}

function hasContent(data: RoomJoinedData): data is RoomJoinedData & { content: string } {
  return typeof data.content === "string";
}

export function readOnly(): ForbiddenError {
  return new ForbiddenError("Viewers can read and chat, but not edit.", { code: "read_only" });
}
