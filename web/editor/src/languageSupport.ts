/** The grammars of the languages, each loaded when it is first wanted. */

import { LanguageDescription, LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";
import { Text } from "@codemirror/state";
import { findLanguage } from "./languages.ts";

const MAX_NESTED = 200_000;
const MAX_COLOURED = 2_000_000;
/** Markdown's parser reads a paragraph from its first line at each key: 190 ms for one of a million characters. */
const MAX_PARAGRAPH = 50_000;

type Loader = () => Promise<LanguageSupport>;

/** A CodeMirror 5 mode: it colours line by line, and knows nothing of structure. */
async function mode(parser: Promise<StreamParser<unknown>>): Promise<LanguageSupport> {
  return new LanguageSupport(StreamLanguage.define(await parser));
}

function clike(name: "csharp" | "dart" | "kotlin" | "objectiveC" | "scala"): Loader {
  return () => mode(import("@codemirror/legacy-modes/mode/clike").then((modes) => modes[name]));
}

function javascript(options: { jsx?: boolean; typescript?: boolean }): Loader {
  return () => import("@codemirror/lang-javascript").then((module) => module.javascript(options));
}

const LOADERS: ReadonlyMap<string, Loader> = new Map<string, Loader>([
  ["c", () => import("@codemirror/lang-cpp").then((module) => module.cpp())],
  ["clojure", () => mode(import("@codemirror/legacy-modes/mode/clojure").then((modes) => modes.clojure))],
  ["cpp", () => import("@codemirror/lang-cpp").then((module) => module.cpp())],
  ["csharp", clike("csharp")],
  ["css", () => import("@codemirror/lang-css").then((module) => module.css())],
  ["dart", clike("dart")],
  ["diff", () => mode(import("@codemirror/legacy-modes/mode/diff").then((modes) => modes.diff))],
  ["dockerfile", () => mode(import("@codemirror/legacy-modes/mode/dockerfile").then((modes) => modes.dockerFile))],
  ["elm", () => mode(import("@codemirror/legacy-modes/mode/elm").then((modes) => modes.elm))],
  ["erlang", () => mode(import("@codemirror/legacy-modes/mode/erlang").then((modes) => modes.erlang))],
  ["go", () => import("@codemirror/lang-go").then((module) => module.go())],
  ["groovy", () => mode(import("@codemirror/legacy-modes/mode/groovy").then((modes) => modes.groovy))],
  ["haskell", () => mode(import("@codemirror/legacy-modes/mode/haskell").then((modes) => modes.haskell))],
  ["html", () => import("@codemirror/lang-html").then((module) => module.html())],
  ["ini", () => mode(import("@codemirror/legacy-modes/mode/properties").then((modes) => modes.properties))],
  ["java", () => import("@codemirror/lang-java").then((module) => module.java())],
  ["javascript", javascript({})],
  ["json", () => import("@codemirror/lang-json").then((module) => module.json())],
  ["jsx", javascript({ jsx: true })],
  ["julia", () => mode(import("@codemirror/legacy-modes/mode/julia").then((modes) => modes.julia))],
  ["kotlin", clike("kotlin")],
  ["latex", () => mode(import("@codemirror/legacy-modes/mode/stex").then((modes) => modes.stex))],
  ["less", () => mode(import("@codemirror/legacy-modes/mode/css").then((modes) => modes.less))],
  ["lua", () => mode(import("@codemirror/legacy-modes/mode/lua").then((modes) => modes.lua))],
  ["markdown", markdown],
  ["nginx", () => mode(import("@codemirror/legacy-modes/mode/nginx").then((modes) => modes.nginx))],
  ["objectivec", clike("objectiveC")],
  ["ocaml", () => mode(import("@codemirror/legacy-modes/mode/mllike").then((modes) => modes.oCaml))],
  ["perl", () => mode(import("@codemirror/legacy-modes/mode/perl").then((modes) => modes.perl))],
  ["php", () => import("@codemirror/lang-php").then((module) => module.php())],
  ["powershell", () => mode(import("@codemirror/legacy-modes/mode/powershell").then((modes) => modes.powerShell))],
  ["protobuf", () => mode(import("@codemirror/legacy-modes/mode/protobuf").then((modes) => modes.protobuf))],
  ["python", () => import("@codemirror/lang-python").then((module) => module.python())],
  ["r", () => mode(import("@codemirror/legacy-modes/mode/r").then((modes) => modes.r))],
  ["ruby", () => mode(import("@codemirror/legacy-modes/mode/ruby").then((modes) => modes.ruby))],
  ["rust", () => import("@codemirror/lang-rust").then((module) => module.rust())],
  ["scala", clike("scala")],
  ["scss", () => mode(import("@codemirror/legacy-modes/mode/css").then((modes) => modes.sCSS))],
  ["shell", () => mode(import("@codemirror/legacy-modes/mode/shell").then((modes) => modes.shell))],
  ["sql", () => import("@codemirror/lang-sql").then((module) => module.sql())],
  ["swift", () => mode(import("@codemirror/legacy-modes/mode/swift").then((modes) => modes.swift))],
  ["toml", () => mode(import("@codemirror/legacy-modes/mode/toml").then((modes) => modes.toml))],
  ["tsx", javascript({ jsx: true, typescript: true })],
  ["typescript", javascript({ typescript: true })],
  ["xml", () => import("@codemirror/lang-xml").then((module) => module.xml())],
  ["yaml", () => import("@codemirror/lang-yaml").then((module) => module.yaml())],
]);

/** GitHub's Markdown, whose fenced code is coloured in its own language. */
async function markdown(): Promise<LanguageSupport> {
  const module = await import("@codemirror/lang-markdown");
  return module.markdown({ base: module.markdownLanguage, codeLanguages: describe });
}

/** The same with fenced code left as it is: what parses the fences costs with their number at each key. */
async function longMarkdown(): Promise<LanguageSupport> {
  const module = await import("@codemirror/lang-markdown");
  return module.markdown({ base: module.markdownLanguage });
}

function describe(name: string): LanguageDescription | null {
  const { id, label } = findLanguage(name);
  const load = LOADERS.get(id);
  return load === undefined ? null : LanguageDescription.of({ name: label, load });
}

/**
 * The grammar of the language that goes by this name; null for plain text and what is not known.
 *
 * It is one that keeps typing swift in `doc`: long texts get a plainer one, huge ones none.
 */
export async function loadLanguage(name: string, doc: Text = Text.empty): Promise<LanguageSupport | null> {
  const { id } = findLanguage(name);
  if (doc.length > MAX_COLOURED) return null;
  if (id === "markdown" && doc.length > MAX_PARAGRAPH && longestParagraph(doc) > MAX_PARAGRAPH) return null;
  if (id === "markdown" && doc.length > MAX_NESTED) return longMarkdown();
  return (await LOADERS.get(id)?.()) ?? null;
}

/** The most characters without an empty line between them. */
function longestParagraph(doc: Text): number {
  let longest = 0;
  let length = 0;
  for (const line of doc.iterLines()) {
    length = line.trim() === "" ? 0 : length + line.length + 1;
    longest = Math.max(longest, length);
  }
  return longest;
}
