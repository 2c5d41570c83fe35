/** The grammars as a page of our own loads them: the bundler makes a file of each package, fetched when it is wanted. */

import type { GrammarPackages, PackageName } from "./grammarPackages.ts";
import { languageLoader } from "./languageSupport.ts";

const PACKAGES: { readonly [P in PackageName]: () => Promise<GrammarPackages[P]> } = {
  cpp: () => import("@codemirror/lang-cpp"),
  css: () => import("@codemirror/lang-css"),
  go: () => import("@codemirror/lang-go"),
  html: () => import("@codemirror/lang-html"),
  java: () => import("@codemirror/lang-java"),
  javascript: () => import("@codemirror/lang-javascript"),
  json: () => import("@codemirror/lang-json"),
  markdown: () => import("@codemirror/lang-markdown"),
  php: () => import("@codemirror/lang-php"),
  python: () => import("@codemirror/lang-python"),
  rust: () => import("@codemirror/lang-rust"),
  sql: () => import("@codemirror/lang-sql"),
  xml: () => import("@codemirror/lang-xml"),
  yaml: () => import("@codemirror/lang-yaml"),
  mode_clike: () => import("@codemirror/legacy-modes/mode/clike"),
  mode_clojure: () => import("@codemirror/legacy-modes/mode/clojure"),
  mode_css: () => import("@codemirror/legacy-modes/mode/css"),
  mode_diff: () => import("@codemirror/legacy-modes/mode/diff"),
  mode_dockerfile: () => import("@codemirror/legacy-modes/mode/dockerfile"),
  mode_elm: () => import("@codemirror/legacy-modes/mode/elm"),
  mode_erlang: () => import("@codemirror/legacy-modes/mode/erlang"),
  mode_groovy: () => import("@codemirror/legacy-modes/mode/groovy"),
  mode_haskell: () => import("@codemirror/legacy-modes/mode/haskell"),
  mode_julia: () => import("@codemirror/legacy-modes/mode/julia"),
  mode_lua: () => import("@codemirror/legacy-modes/mode/lua"),
  mode_mllike: () => import("@codemirror/legacy-modes/mode/mllike"),
  mode_nginx: () => import("@codemirror/legacy-modes/mode/nginx"),
  mode_perl: () => import("@codemirror/legacy-modes/mode/perl"),
  mode_powershell: () => import("@codemirror/legacy-modes/mode/powershell"),
  mode_properties: () => import("@codemirror/legacy-modes/mode/properties"),
  mode_protobuf: () => import("@codemirror/legacy-modes/mode/protobuf"),
  mode_r: () => import("@codemirror/legacy-modes/mode/r"),
  mode_ruby: () => import("@codemirror/legacy-modes/mode/ruby"),
  mode_shell: () => import("@codemirror/legacy-modes/mode/shell"),
  mode_stex: () => import("@codemirror/legacy-modes/mode/stex"),
  mode_swift: () => import("@codemirror/legacy-modes/mode/swift"),
  mode_toml: () => import("@codemirror/legacy-modes/mode/toml"),
};

/** The grammar of a language, for `EditorOptions.loadLanguage`. */
export const loadLanguage = languageLoader((name) => PACKAGES[name]());
