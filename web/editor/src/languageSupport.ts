/** The grammars of the languages, each made when it is first wanted, of a package that is loaded then. */

import { LanguageDescription, LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";
import { Text } from "@codemirror/state";
import type { GrammarPackages, ImportPackage } from "./grammarPackages.ts";
import { findLanguage } from "./languages.ts";

const MAX_NESTED = 200_000;
const MAX_COLOURED = 2_000_000;
/** Markdown's parser reads a paragraph from its first line at each key: 190 ms for one of a million characters. */
const MAX_PARAGRAPH = 50_000;

type Make = (load: ImportPackage) => Promise<LanguageSupport>;

function stream(parser: StreamParser<unknown>): LanguageSupport {
  return new LanguageSupport(StreamLanguage.define(parser));
}

function clike(name: keyof GrammarPackages["mode_clike"]): Make {
  return async (load) => stream((await load("mode_clike"))[name]);
}

function javascript(options: { jsx?: boolean; typescript?: boolean }): Make {
  return async (load) => (await load("javascript")).javascript(options);
}

const GRAMMARS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ["c", async (load) => (await load("cpp")).cpp()],
  ["clojure", async (load) => stream((await load("mode_clojure")).clojure)],
  ["cpp", async (load) => (await load("cpp")).cpp()],
  ["csharp", clike("csharp")],
  ["css", async (load) => (await load("css")).css()],
  ["dart", clike("dart")],
  ["diff", async (load) => stream((await load("mode_diff")).diff)],
  ["dockerfile", async (load) => stream((await load("mode_dockerfile")).dockerFile)],
  ["elm", async (load) => stream((await load("mode_elm")).elm)],
  ["erlang", async (load) => stream((await load("mode_erlang")).erlang)],
  ["go", async (load) => (await load("go")).go()],
  ["groovy", async (load) => stream((await load("mode_groovy")).groovy)],
  ["haskell", async (load) => stream((await load("mode_haskell")).haskell)],
  ["html", async (load) => (await load("html")).html()],
  ["ini", async (load) => stream((await load("mode_properties")).properties)],
  ["java", async (load) => (await load("java")).java()],
  ["javascript", javascript({})],
  ["json", async (load) => (await load("json")).json()],
  ["jsx", javascript({ jsx: true })],
  ["julia", async (load) => stream((await load("mode_julia")).julia)],
  ["kotlin", clike("kotlin")],
  ["latex", async (load) => stream((await load("mode_stex")).stex)],
  ["less", async (load) => stream((await load("mode_css")).less)],
  ["lua", async (load) => stream((await load("mode_lua")).lua)],
  ["markdown", markdown],
  ["nginx", async (load) => stream((await load("mode_nginx")).nginx)],
  ["objectivec", clike("objectiveC")],
  ["ocaml", async (load) => stream((await load("mode_mllike")).oCaml)],
  ["perl", async (load) => stream((await load("mode_perl")).perl)],
  ["php", async (load) => (await load("php")).php()],
  ["powershell", async (load) => stream((await load("mode_powershell")).powerShell)],
  ["protobuf", async (load) => stream((await load("mode_protobuf")).protobuf)],
  ["python", async (load) => (await load("python")).python()],
  ["r", async (load) => stream((await load("mode_r")).r)],
  ["ruby", async (load) => stream((await load("mode_ruby")).ruby)],
  ["rust", async (load) => (await load("rust")).rust()],
  ["scala", clike("scala")],
  ["scss", async (load) => stream((await load("mode_css")).sCSS)],
  ["shell", async (load) => stream((await load("mode_shell")).shell)],
  ["sql", async (load) => (await load("sql")).sql()],
  ["swift", async (load) => stream((await load("mode_swift")).swift)],
  ["toml", async (load) => stream((await load("mode_toml")).toml)],
  ["tsx", javascript({ jsx: true, typescript: true })],
  ["typescript", javascript({ typescript: true })],
  ["xml", async (load) => (await load("xml")).xml()],
  ["yaml", async (load) => (await load("yaml")).yaml()],
]);

/** GitHub's Markdown, whose fenced code is coloured in its own language. */
async function markdown(load: ImportPackage): Promise<LanguageSupport> {
  const module = await load("markdown");
  return module.markdown({ base: module.markdownLanguage, codeLanguages: (name) => describe(name, load) });
}

/** The same with fenced code left as it is: what parses the fences costs with their number at each key. */
async function longMarkdown(load: ImportPackage): Promise<LanguageSupport> {
  const module = await load("markdown");
  return module.markdown({ base: module.markdownLanguage });
}

function describe(name: string, load: ImportPackage): LanguageDescription | null {
  const { id, label } = findLanguage(name);
  const make = GRAMMARS.get(id);
  return make === undefined ? null : LanguageDescription.of({ name: label, load: () => make(load) });
}

/**
 * Makes the grammar of the language that goes by a name; null for plain text and what is not known. Rejects when it
 * cannot be loaded.
 *
 * It is one that keeps typing swift in `doc`: long texts get a plainer one, huge ones none.
 */
export type LanguageLoader = (name: string, doc?: Text) => Promise<LanguageSupport | null>;

/** Grammars from packages that `load` brings in. */
export function languageLoader(load: ImportPackage): LanguageLoader {
  return async (name, doc = Text.empty) => {
    const { id } = findLanguage(name);
    if (doc.length > MAX_COLOURED) return null;
    if (id === "markdown" && doc.length > MAX_PARAGRAPH && longestParagraph(doc) > MAX_PARAGRAPH) return null;
    if (id === "markdown" && doc.length > MAX_NESTED) return longMarkdown(load);
    return (await GRAMMARS.get(id)?.(load)) ?? null;
  };
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
