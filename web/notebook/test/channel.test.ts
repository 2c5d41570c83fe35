/** Rules NB-32 and NB-33: what passes between a view and its kernel. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidError } from "../../client/src/errors.ts";
import { channelOf } from "../src/channel.ts";
import { readOptions } from "../src/model.ts";
import { FakeModel } from "./fakeWidget.ts";

test("NB-32: a view hears what is for it, and nothing that is for the views of others", () => {
  const model = new FakeModel();
  const [mine, theirs] = [channelOf(model), channelOf(model)];
  const heard: unknown[] = [];
  const stop = mine.listen((content) => heard.push(content));
  mine.send({ kind: "run" });
  assert.deepEqual(model.sent, [{ kind: "run", view: mine.view }]);
  for (const content of [{ view: theirs.view }, {}, "text", null, { view: mine.view, n: 1 }]) {
    model.trigger("msg:custom", content, []);
  }
  assert.deepEqual(heard, [{ view: mine.view, n: 1 }]);
  stop();
  model.trigger("msg:custom", { view: mine.view, n: 2 }, []);
  assert.equal(heard.length, 1);
});

for (const event of ["comm:close", "destroy", "comm_live_update"]) {
  test(`NB-32: a channel dies for good with ${event}, and tells once`, () => {
    const model = new FakeModel();
    const channel = channelOf(model);
    const told: string[] = [];
    const heard: unknown[] = [];
    channel.listen((content) => heard.push(content));
    channel.onDeath(() => told.push("first"));
    channel.onDeath(() => told.push("taken back"))();
    assert.equal(channel.isAlive, true);
    model.trigger(event);
    model.trigger("destroy");
    assert.equal(channel.isAlive, false);
    channel.onDeath(() => told.push("late"));
    assert.deepEqual(told, ["first", "late"]);
    channel.send({ kind: "run" });
    model.trigger("msg:custom", { view: channel.view }, []);
    assert.deepEqual([model.sent, heard], [[], []]);
  });
}

test("NB-32: a comm that throws is dead", () => {
  const model = new FakeModel();
  const channel = channelOf(model);
  let isMourned = false;
  channel.onDeath(() => {
    isMourned = true;
  });
  model.isCommGone = true;
  channel.send({ kind: "run" });
  assert.deepEqual([channel.isAlive, isMourned], [false, true]);
});

test("NB-33: traits are read as options; those of looks fall back to what is usual", () => {
  const usual = readOptions(new FakeModel({ url: "http://127.0.0.1:8000/", proxy_path: "/rayrooms/" }));
  assert.deepEqual(usual, {
    kind: "editor",
    room: "r",
    title: "r",
    url: "http://127.0.0.1:8000",
    proxyPath: "rayrooms",
    language: "text",
    theme: "auto",
    height: "300px",
    readOnly: false,
    transport: "auto",
    showChat: false,
    runnable: false,
    running: false,
    bundle: "",
  });
  const traits = { kind: "chat", title: "Notes", theme: "pink", transport: "relay", read_only: true, height: 3 };
  const { kind, title, theme, transport, readOnly, height } = readOptions(new FakeModel(traits));
  assert.deepEqual(
    [kind, title, theme, transport, readOnly, height],
    ["chat", "Notes", "auto", "relay", true, "300px"],
  );
});

test("NB-33: a widget without a room or a server, or of another version, is refused with a sentence", () => {
  for (const traits of [{ room: "" }, { room: 3 }, { url: "nowhere" }, { protocol_version: 2 }]) {
    assert.throws(() => readOptions(new FakeModel(traits)), InvalidError);
  }
});
