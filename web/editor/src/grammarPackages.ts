/** The packages that hold grammars, and what of each is used: how they come in is up to the page. */

import type { StreamParser } from "@codemirror/language";

/** CodeMirror 5 modes: they colour line by line, and know nothing of structure. */
type Modes<Names extends string> = Readonly<Record<Names, StreamParser<unknown>>>;

/** The packages by a short name; those of `@codemirror/legacy-modes` begin with `mode_`. */
export interface GrammarPackages {
  cpp: Pick<typeof import("@codemirror/lang-cpp"), "cpp">;
  css: Pick<typeof import("@codemirror/lang-css"), "css">;
  go: Pick<typeof import("@codemirror/lang-go"), "go">;
  html: Pick<typeof import("@codemirror/lang-html"), "html">;
  java: Pick<typeof import("@codemirror/lang-java"), "java">;
  javascript: Pick<typeof import("@codemirror/lang-javascript"), "javascript">;
  json: Pick<typeof import("@codemirror/lang-json"), "json">;
  markdown: Pick<typeof import("@codemirror/lang-markdown"), "markdown" | "markdownLanguage">;
  php: Pick<typeof import("@codemirror/lang-php"), "php">;
  python: Pick<typeof import("@codemirror/lang-python"), "python">;
  rust: Pick<typeof import("@codemirror/lang-rust"), "rust">;
  sql: Pick<typeof import("@codemirror/lang-sql"), "sql">;
  xml: Pick<typeof import("@codemirror/lang-xml"), "xml">;
  yaml: Pick<typeof import("@codemirror/lang-yaml"), "yaml">;
  mode_clike: Modes<"csharp" | "dart" | "kotlin" | "objectiveC" | "scala">;
  mode_clojure: Modes<"clojure">;
  mode_css: Modes<"less" | "sCSS">;
  mode_diff: Modes<"diff">;
  mode_dockerfile: Modes<"dockerFile">;
  mode_elm: Modes<"elm">;
  mode_erlang: Modes<"erlang">;
  mode_groovy: Modes<"groovy">;
  mode_haskell: Modes<"haskell">;
  mode_julia: Modes<"julia">;
  mode_lua: Modes<"lua">;
  mode_mllike: Modes<"oCaml">;
  mode_nginx: Modes<"nginx">;
  mode_perl: Modes<"perl">;
  mode_powershell: Modes<"powerShell">;
  mode_properties: Modes<"properties">;
  mode_protobuf: Modes<"protobuf">;
  mode_r: Modes<"r">;
  mode_ruby: Modes<"ruby">;
  mode_shell: Modes<"shell">;
  mode_stex: Modes<"stex">;
  mode_swift: Modes<"swift">;
  mode_toml: Modes<"toml">;
}

export type PackageName = keyof GrammarPackages;

/** Brings a package in. Rejects when it cannot be loaded. */
export type ImportPackage = <P extends PackageName>(name: P) => Promise<GrammarPackages[P]>;
