/** The list of languages, and their grammars. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Text } from "@codemirror/state";
import { loadLanguage } from "../src/grammars.ts";
import { findLanguage, LANGUAGES } from "../src/languages.ts";

test("ED-15 every language has an id that rooms can store, and all but plain text a grammar that loads and parses", async () => {
  const ids = new Set(LANGUAGES.map(({ id }) => id));
  assert.equal(ids.size, LANGUAGES.length);
  for (const { id, extension } of LANGUAGES) {
    assert.match(id, /^[A-Za-z0-9+#._-]{1,32}$/);
    assert.match(extension, /^\.[a-z0-9]+$/);
    const grammar = await loadLanguage(id);
    if (id === "text") assert.equal(grammar, null);
    else assert.ok((grammar?.language.parser.parse("x = 1\n").length ?? 0) > 0, id);
  }
});

test("ED-15 languages go by their aliases and file endings; what is not known is plain text", () => {
  assert.equal(findLanguage("PY").id, "python");
  assert.equal(findLanguage(".ts").id, "typescript");
  assert.equal(findLanguage("c++").id, "cpp");
  assert.equal(findLanguage("r").id, "r");
  assert.equal(findLanguage("bash").id, "shell");
  assert.equal(findLanguage("klingon").id, "text");
  assert.equal(findLanguage("").id, "text");
  assert.equal(findLanguage("constructor").id, "text");
});

test("ED-15 a paragraph that would make each key slow is left in one colour", async () => {
  const line = "word ".repeat(20);
  const paragraph = Array.from({ length: 1000 }, () => line);
  const spaced = paragraph.flatMap((one) => [one, ""]);
  assert.equal(await loadLanguage("markdown", Text.of(paragraph)), null);
  assert.notEqual(await loadLanguage("markdown", Text.of(spaced)), null);
  assert.notEqual(await loadLanguage("python", Text.of(paragraph)), null);
});
