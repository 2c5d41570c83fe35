/** What a client keeps of itself while not all is in the database, so that a later one can go on in its place. */

import { fromCode, InvalidError, type RayroomsError } from "./errors.ts";
import type { Operation } from "./protocol.ts";
import { Replica, type Seen } from "./replica.ts";
import { apply, check, invert } from "./text/index.ts";

const FORMAT = 1;

/** The own edits, with all that is needed to send them again; it holds the very values of the state, not copies. */
export interface SavedHead {
  readonly format: typeof FORMAT;
  readonly room_id: string;
  readonly client_id: string;
  /** Whether the room was ever joined; then `version` and `version_epoch` say which of its versions this stands on. */
  readonly is_known: boolean;
  /** Whether the text may not be the room's plus the own edits. */
  readonly is_doubted: boolean;
  readonly version: number;
  readonly version_epoch: number | null;
  readonly durable: number;
  readonly acked: number;
  readonly sent: readonly SavedEdit[];
  readonly unsent: readonly Operation[];
  /** The commits from the first own one on that is not known to be in the database. */
  readonly seen: readonly SavedCommit[];
}

export interface SavedEdit {
  readonly op: Operation;
  readonly seq: number;
  readonly refusal: { readonly code: string; readonly message: string } | null;
}

export interface SavedCommit {
  readonly version: number;
  readonly op: Operation;
  readonly seq: number;
  readonly user_id: string;
}

/** `text` is the local text with all own edits. The head is plain data, as JSON or a structured clone can carry it. */
export interface SavedState {
  readonly head: SavedHead;
  readonly text: string;
}

/** What a client knows of itself besides its replica. */
export type Identity = Pick<SavedHead, "room_id" | "client_id" | "is_known" | "is_doubted" | "version_epoch">;

export function saveState(identity: Identity, replica: Replica): SavedState {
  const { text, version, durable, acked, sent, unsent, seen } = replica.parts();
  const head: SavedHead = {
    ...identity,
    format: FORMAT,
    version,
    durable,
    acked,
    sent: sent.map(({ op, seq, refusal }) => ({ op, seq, refusal: refusal && pick(refusal) })),
    unsent,
    seen: seen.map(({ userId, ...rest }) => ({ ...rest, user_id: userId })),
  };
  return { head, text };
}

/**
 * The replica of a saved state.
 *
 * Throws InvalidError when the state is of another format or damaged, so that its edits do not lead to its text.
 */
export function restoreReplica({ head, text }: SavedState): Replica {
  if (head.format !== FORMAT) {
    throw new InvalidError("The saved edits are of another format.");
  }
  const sent = head.sent.map(({ op, seq, refusal }) => ({
    op,
    seq,
    refusal: refusal && fromCode(refusal.code, refusal.message),
  }));
  const seen = head.seen.map(({ user_id, ...rest }): Seen => ({ ...rest, userId: user_id }));
  const isNumbered = sent.every(({ seq }, index) => seq === head.acked + 1 + index);
  const versions = [...seen.map((commit) => commit.version), head.version];
  if (!isNumbered || versions.some((version, index) => version < (versions[index - 1] ?? 0))) {
    throw new InvalidError("The saved edits are not in order.");
  }
  let before = text;
  for (const op of [...seen, ...sent]
    .map((one) => one.op)
    .concat(head.unsent)
    .reverse()) {
    check(op);
    before = apply(before, invert(op));
  }
  const { version, durable, acked, unsent } = head;
  return Replica.from({ text, version, durable, acked, sent, unsent, seen });
}

function pick({ code, message }: RayroomsError): { code: string; message: string } {
  return { code, message };
}
