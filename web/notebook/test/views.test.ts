/** Rules NB-44 to NB-49 and NB-52 on: the options, sessions and states of views. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Signal, signal } from "@preact/signals";
import { NotFoundError, type RayroomsError, UnavailableError } from "../../client/src/errors.ts";
import { hostState } from "../src/hostState.ts";
import type { LiveRoom, OpenRoom } from "../src/openRoom.ts";
import { liveOptions } from "../src/options.ts";
import { SessionPool } from "../src/sessions.ts";
import { viewIsDark } from "../src/theme.ts";
import { AWAY_AFTER_MS, SLOW_AFTER_MS, ViewRoom } from "../src/viewRoom.ts";
import { doingLine } from "../src/views/doing.ts";
import { FakeModel } from "./fakeWidget.ts";
import { Timers } from "./timers.ts";

test("NB-44 traits that the kernel sets take effect in views, and ones that mean nothing do not", () => {
  const model = new FakeModel({ language: "python", theme: "auto" });
  const options = liveOptions(model);
  let changes = -1;
  options.subscribe(() => {
    changes += 1;
  });
  model.set("language", "rust");
  model.trigger("change");
  assert.equal(options.value.language, "rust");
  model.set("theme", "sepia");
  model.trigger("change");
  assert.equal(options.value.theme, "auto");
  model.set("room", "");
  model.trigger("change");
  assert.equal(options.value.room, "r");
  assert.equal(changes, 1, "what means the same is no change");
});

test("NB-44 a view is as dark as its trait says, or as Jupyter is", () => {
  const options = signal({ theme: "auto" as "auto" | "light" | "dark" });
  const jupyter = signal(true);
  const isDark = viewIsDark(options, jupyter);
  assert.equal(isDark.value, true);
  options.value = { theme: "light" };
  assert.equal(isDark.value, false);
  options.value = { theme: "dark" };
  jupyter.value = false;
  assert.equal(isDark.value, true);
});

/** An open room that tells what it is made to tell. */
class Fake {
  readonly entered = signal(false);
  readonly failure: Signal<RayroomsError | null> = signal(null);
  reconnects = 0;
  isClosed = false;

  get room(): OpenRoom {
    const { entered, failure } = this;
    const room = {
      text: "last seen",
      reconnect: () => {
        this.reconnects += 1;
      },
    };
    const live = signal({ session: { room }, store: { entered, failure, room } } as unknown as LiveRoom);
    const isOver = () => failure.peek() !== null;
    const close = () => {
      this.isClosed = true;
    };
    return {
      live,
      close,
      get isOver() {
        return isOver();
      },
    } as unknown as OpenRoom;
  }
}

/** A page with views; `fakes` are the sessions that they opened. */
class Page {
  readonly pool = new SessionPool<OpenRoom>();
  readonly timers = new Timers();
  readonly fakes: Fake[] = [];
  refusal: Error | null = null;

  view(traits: Record<string, unknown> = {}): { room: ViewRoom; model: FakeModel } {
    const model = new FakeModel(traits);
    const room = new ViewRoom(liveOptions(model), {
      pool: this.pool,
      open: async () => {
        if (this.refusal !== null) throw this.refusal;
        const fake = new Fake();
        this.fakes.push(fake);
        return fake.room;
      },
      after: this.timers.after,
    });
    return { room, model };
  }

  fake(index: number): Fake {
    const fake = this.fakes[index];
    assert.ok(fake !== undefined);
    return fake;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("NB-45 an opening room says when it takes longer, says that the server is away, and opens all the same", async () => {
  const page = new Page();
  const { room } = page.view();
  await settled();
  const phase = () => room.phase.value;
  assert.deepEqual(phase(), { kind: "opening", isSlow: false });
  page.timers.pass(SLOW_AFTER_MS);
  assert.deepEqual(phase(), { kind: "opening", isSlow: true });
  page.timers.pass(AWAY_AFTER_MS - SLOW_AFTER_MS);
  assert.equal(phase().kind, "failed");
  room.again();
  assert.equal(page.fake(0).reconnects, 1, "it is tried at once, not from the beginning");
  page.fake(0).entered.value = true;
  assert.equal(phase().kind, "open");
});

test("NB-45 what cannot be opened says why, and is opened anew when tried again", async () => {
  const page = new Page();
  page.refusal = new NotFoundError("There is no such room.");
  const { room } = page.view();
  await settled();
  assert.equal(room.phase.value.kind, "refused");
  page.refusal = new UnavailableError("Nobody answers.");
  room.again();
  await settled();
  assert.equal(room.phase.value.kind, "failed");
  page.refusal = null;
  room.again();
  await settled();
  page.fake(0).entered.value = true;
  assert.equal(room.phase.value.kind, "open");
  page.fake(0).failure.value = new NotFoundError("It was deleted.");
  assert.deepEqual(room.phase.value, { kind: "refused", error: page.fake(0).failure.value, text: "last seen" });
  room.again();
  await settled();
  assert.equal(page.fakes.length, 2);
});

test("NB-46 a trait that names another room closes the one and opens the other", async () => {
  const page = new Page();
  const { room, model } = page.view();
  await settled();
  page.fake(0).entered.value = true;
  model.set("title", "Another title");
  model.trigger("change");
  await settled();
  assert.equal(page.fakes.length, 1, "it is the same room");
  model.set("room", "other");
  model.trigger("change");
  assert.equal(room.phase.value.kind, "opening");
  await settled();
  assert.equal(page.fake(0).isClosed, true);
  assert.equal(page.fakes.length, 2);
});

test("NB-47 a chat shares the session of an editor beside it; two editors have one each", async () => {
  const page = new Page();
  page.view({ kind: "editor" });
  page.view({ kind: "chat" });
  page.view({ kind: "presence" });
  await settled();
  assert.equal(page.fakes.length, 1);
  page.view({ kind: "editor" });
  page.view({ kind: "chat", room: "other" });
  await settled();
  assert.equal(page.fakes.length, 3);
});

test("NB-47 an editor joins the session of a chat that was there before it", async () => {
  const page = new Page();
  page.view({ kind: "chat" });
  page.view({ kind: "editor" });
  await settled();
  assert.equal(page.fakes.length, 1);
});

test("NB-48 a session ends with the view that opened it, and who had joined it opens another", async () => {
  const page = new Page();
  const editor = page.view({ kind: "editor" });
  const chat = page.view({ kind: "chat" });
  await settled();
  page.fake(0).entered.value = true;
  assert.equal(chat.room.phase.value.kind, "open");
  editor.room.dispose();
  assert.equal(page.fake(0).isClosed, true);
  await settled();
  assert.equal(page.fakes.length, 2);
  page.fake(1).entered.value = true;
  assert.equal(chat.room.phase.value.kind, "open");
  chat.room.dispose();
  assert.equal(page.fake(1).isClosed, true);
  assert.equal(page.timers.waiting, 0);
});

test("NB-48 a view that is removed while its session opens leaves none behind", async () => {
  const page = new Page();
  page.view().room.dispose();
  await settled();
  assert.equal(page.fake(0).isClosed, true);
});

test("NB-49 a view's host says how it stands", () => {
  const saved = { kind: "saved", unsent: 0 } as const;
  const closed = { transport: "", saved: "saved" };
  assert.deepEqual(hostState("opening", null), { state: "opening", ...closed });
  assert.deepEqual(hostState("refused", null), { state: "refused", ...closed });
  assert.deepEqual(hostState("failed", null), { state: "failed", ...closed });
  assert.deepEqual(hostState("open", { status: "online", saved, transport: "proxy" }), {
    state: "online",
    transport: "proxy",
    saved: "saved",
  });
  assert.deepEqual(
    hostState("open", { status: "offline", saved: { kind: "offline", unsent: 2 }, transport: "proxy" }),
    { state: "offline", transport: "", saved: "offline" },
  );
});

test("NB-52 the line below says who types a message, where no chat says it, and else who edits", () => {
  const person = (name: string, doing: "writing" | "editing" | null, isYou = false) => ({ name, doing, isYou });
  const ada = person("Ada", "editing", true);
  assert.equal(doingLine([ada, person("Ben", null)], false), null);
  assert.equal(doingLine([ada, person("Ben", "editing")], false), "Ben is editing…");
  const both = [ada, person("Ben", "editing"), person("Cleo", "writing")];
  assert.equal(doingLine(both, false), "Cleo is typing a message…");
  assert.equal(doingLine(both, true), "Ben is editing…");
  const many = ["Ben", "Cleo", "Dov"].map((name) => person(name, "editing"));
  assert.equal(doingLine(many.slice(0, 2), true), "Ben and Cleo are editing…");
  assert.equal(doingLine(many, true), "Ben and 2 others are editing…");
});
