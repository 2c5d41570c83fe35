/** Replays the recorded steps of a client in another language, and compares all that comes out of each. */

import assert from "node:assert/strict";
import { fromCode, RayroomsError } from "../src/errors.ts";
import type { ChatMessage, ClientEvent, Operation, Participant, Range, ServerEvent } from "../src/protocol.ts";
import { ClientState } from "../src/state.ts";
import type { StateEvent } from "../src/state-events.ts";
import { apply } from "../src/text/index.ts";

/** What the application was told, as it is written down. */
export type Told =
  | { event: "text"; op: Operation; own: boolean }
  | { event: "chat"; message: Partial<ChatMessage> }
  | { event: "cursor"; session_id: string; user_id: string; ranges: Range[] }
  | { event: "presence"; session_id: string; participant: Partial<Participant> | null }
  | { event: "edit_refused"; op: Operation; code: string }
  | { event: "request_refused"; code: string; ref: number | null }
  | { event: "confirmed"; ref: number; version: number };

/** All that can be read of a client besides its text. */
interface Readings {
  client_id: string;
  session_id: string | null;
  phase: string;
  retry: string | null;
  failure: string | null;
  role: string | null;
  name: string;
  language: string;
  version: number;
  saved: string;
  cursor: Range[] | null;
  cursors: Record<string, Range[]>;
}

interface Outcome {
  /** The code of what was thrown. */
  error?: string;
  /** What was returned. */
  ref?: number;
  sent?: ClientEvent[];
  told?: Told[];
  /** Those readings that changed. */
  now?: Partial<Readings>;
}

export type Action =
  | { do: "connected" | "disconnected" | "join" | "ask_version" | "ping" }
  | { do: "fail"; code: string; message: string }
  | { do: "edit"; op: Operation }
  | { do: "set_cursor"; ranges: Range[] }
  | { do: "set_presence"; status: "online" | "away" }
  | { do: "set_typing"; is_typing: boolean }
  | { do: "send_chat"; content: string; reply_to?: string }
  | { do: "edit_message"; message_id: string; content: string }
  | { do: "delete_message"; message_id: string }
  | { do: "react"; message_id: string; emoji: string }
  | { do: "receive"; message: ServerEvent };

export type Step = Action & Outcome;

export interface Run {
  name: string;
  window: number;
  /** The client ids that were handed out, in order. */
  ids: string[];
  steps: Step[];
  end: { text: string; participants: Participant[]; messages: ChatMessage[] };
}

/** Throws AssertionError at the first step whose outcome is another. */
export function replay(run: Run): void {
  const ids = run.ids.values();
  const newClientId = () => ids.next().value ?? assert.fail("more client ids are taken");
  const state = new ClientState(run.name.startsWith("room") ? "room" : "r", { newClientId, window: run.window });
  let readings = {} as Readings;
  let text = "";
  for (const [index, step] of run.steps.entries()) {
    const at = `${run.name}, step ${index}`;
    const { error, returned } = attempt(() => act(state, step));
    assert.equal(error, step.error, at);
    if (step.ref !== undefined) {
      assert.equal(returned, step.ref, at);
    }
    assert.deepEqual(state.takeOutbox(), step.sent ?? [], at);
    const told = state.takeEvents().flatMap(written);
    assert.deepEqual(told, step.told ?? [], at);
    readings = { ...readings, ...step.now };
    assert.deepEqual(read(state), readings, at);
    for (const event of step.told ?? []) {
      text = event.event === "text" ? apply(text, event.op) : text;
    }
    assert.equal(state.text, text, at);
  }
  assert.deepEqual(
    {
      text: state.text,
      participants: state.company.participants.map(bare),
      messages: state.company.messages.map(bare),
    },
    { ...run.end, participants: run.end.participants.map(bare), messages: run.end.messages.map(bare) },
    run.name,
  );
}

function act(state: ClientState, step: Action): number | undefined {
  switch (step.do) {
    case "connected":
      state.connected();
      return;
    case "disconnected":
      state.disconnected();
      return;
    case "join":
      state.join();
      return;
    case "fail":
      state.fail(fromCode(step.code, step.message));
      return;
    case "edit":
      state.edit(step.op);
      return;
    case "set_cursor":
      state.setCursor(step.ranges);
      return;
    case "set_presence":
      state.setPresence(step.status);
      return;
    case "set_typing":
      state.setTyping(step.is_typing);
      return;
    case "send_chat":
      return state.sendChat(step.content, { replyTo: step.reply_to });
    case "edit_message":
      return state.editMessage(step.message_id, step.content);
    case "delete_message":
      return state.deleteMessage(step.message_id);
    case "react":
      return state.react(step.message_id, step.emoji);
    case "ask_version":
      return state.askVersion();
    case "ping":
      state.ping();
      return;
    case "receive":
      state.receive(step.message);
      return;
  }
}

function attempt(run: () => number | undefined): { error?: string; returned?: number | undefined } {
  try {
    return { returned: run() };
  } catch (error) {
    if (error instanceof RayroomsError) {
      return { error: error.code };
    }
    throw error;
  }
}

function read(state: ClientState): Readings {
  const { kind, unsent } = state.saved;
  return {
    client_id: state.clientId,
    session_id: state.sessionId,
    phase: state.phase,
    retry: state.retry?.code ?? null,
    failure: state.failure?.code ?? null,
    role: state.role,
    name: state.name,
    language: state.language,
    version: state.version,
    saved: kind === "offline" ? `offline (${unsent} unsent)` : kind,
    cursor: state.cursor && [...state.cursor],
    cursors: Object.fromEntries(state.cursors),
  };
}

function written(event: StateEvent): Told[] {
  switch (event.type) {
    case "text":
      return [{ event: "text", op: event.op, own: event.own }];
    case "chat":
      return [{ event: "chat", message: bare(event.message) }];
    case "cursor":
      return [{ event: "cursor", session_id: event.sessionId, user_id: event.userId, ranges: event.ranges }];
    case "presence":
      return [
        { event: "presence", session_id: event.sessionId, participant: event.participant && bare(event.participant) },
      ];
    case "editRefused":
      return [{ event: "edit_refused", op: event.op, code: event.error.code }];
    case "requestRefused":
      return [{ event: "request_refused", code: event.error.code, ref: event.ref }];
    case "confirmed":
      return [{ event: "confirmed", ref: event.ref, version: event.version }];
    case "answered":
      return []; // what others do not tell
  }
}

const DEFAULTS: Readonly<Record<string, unknown>> = {
  status: "online",
  typing: false,
  cursor: null,
  reply_to: null,
  reactions: {},
  edited: false,
  deleted: false,
};

/** A participant or message without the fields that say no more than their absence would. */
function bare<T extends Participant | ChatMessage>(one: T): Partial<T> {
  const fields = Object.fromEntries(Object.entries(one).filter(([key, value]) => !isDefault(key, value)));
  return fields as Partial<T>;
}

function isDefault(key: string, value: unknown): boolean {
  return key in DEFAULTS && JSON.stringify(DEFAULTS[key]) === JSON.stringify(value);
}
