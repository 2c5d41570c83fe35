/** Rule NB-50: the grammars' files, as the build makes them. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { EditorState } from "@codemirror/state";
import type { GrammarPackages, PackageName } from "../../editor/src/grammarPackages.ts";
import { languageLoader } from "../../editor/src/languageSupport.ts";
import { LANGUAGES } from "../../editor/src/languages.ts";
import { SHARED } from "../src/grammars/shared.ts";

const KILOBYTE = 1024;

interface Manifest {
  bundle: string;
  grammars: Record<PackageName, string>;
}

let directory = "";
let manifest: Manifest;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "rayrooms-notebook-"));
  const build = join(import.meta.dirname, "..", "build.ts");
  await promisify(execFile)(process.execPath, [build, "--to", join(directory, "static")]);
  manifest = JSON.parse(await file("manifest.json"));
});

after(() => rm(directory, { recursive: true }));

function file(name: string): Promise<string> {
  return readFile(join(directory, "static", name), "utf8");
}

test("NB-50 every language has a grammar that works with the core's own CodeMirror", async () => {
  const load = languageLoader(async (name) => {
    const { href } = pathToFileURL(join(directory, "static", manifest.grammars[name]));
    // The files are modules, though no package says so.
    const source = await readFile(new URL(href), "utf8");
    const module = await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);
    return module.default(SHARED) as GrammarPackages[typeof name];
  });
  for (const { id } of LANGUAGES) {
    const grammar = await load(id);
    if (id === "text") {
      assert.equal(grammar, null);
      continue;
    }
    assert.ok(grammar !== null, id);
    const state = EditorState.create({ doc: "one two", extensions: [grammar.extension] });
    assert.ok(grammar.language.parser.parse("one two").length > 0, id);
    assert.ok(grammar.language.isActiveAt(state, 0), id);
  }
});

test("NB-51 the loader is a few kilobytes, and the core carries no grammar and no transport that it does not use", async () => {
  const [loader, core] = await Promise.all([file("loader.js"), file(manifest.bundle)]);
  assert.ok(loader.length < 6 * KILOBYTE, `${loader.length}`);
  assert.ok(core.length < 640 * KILOBYTE, `${core.length}`);
  for (const word of ["EIO", "match runtime version", "Unrecognized type byte", "pushState"]) {
    assert.equal(core.includes(word), false, word);
  }
});

test("NB-51 the core is named by its content", async () => {
  assert.match(manifest.bundle, /^widget-[0-9a-f]{10}\.js$/);
  for (const name of Object.values(manifest.grammars)) assert.match(name, /^grammar-\w+-[0-9a-f]{10}\.js$/);
});
