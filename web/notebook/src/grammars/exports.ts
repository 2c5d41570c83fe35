/** What the build makes a file of for each package of grammars: only what is used of it. */

import type { GrammarPackages, PackageName } from "../../../editor/src/grammarPackages.ts";

type Exports = {
  readonly [P in PackageName]: {
    readonly from: string;
    readonly names: readonly (keyof GrammarPackages[P] & string)[];
  };
};

export const GRAMMAR_EXPORTS: Exports = {
  cpp: { from: "@codemirror/lang-cpp", names: ["cpp"] },
  css: { from: "@codemirror/lang-css", names: ["css"] },
  go: { from: "@codemirror/lang-go", names: ["go"] },
  html: { from: "@codemirror/lang-html", names: ["html"] },
  java: { from: "@codemirror/lang-java", names: ["java"] },
  javascript: { from: "@codemirror/lang-javascript", names: ["javascript"] },
  json: { from: "@codemirror/lang-json", names: ["json"] },
  markdown: { from: "@codemirror/lang-markdown", names: ["markdown", "markdownLanguage"] },
  php: { from: "@codemirror/lang-php", names: ["php"] },
  python: { from: "@codemirror/lang-python", names: ["python"] },
  rust: { from: "@codemirror/lang-rust", names: ["rust"] },
  sql: { from: "@codemirror/lang-sql", names: ["sql"] },
  xml: { from: "@codemirror/lang-xml", names: ["xml"] },
  yaml: { from: "@codemirror/lang-yaml", names: ["yaml"] },
  mode_clike: {
    from: "@codemirror/legacy-modes/mode/clike",
    names: ["csharp", "dart", "kotlin", "objectiveC", "scala"],
  },
  mode_clojure: { from: "@codemirror/legacy-modes/mode/clojure", names: ["clojure"] },
  mode_css: { from: "@codemirror/legacy-modes/mode/css", names: ["less", "sCSS"] },
  mode_diff: { from: "@codemirror/legacy-modes/mode/diff", names: ["diff"] },
  mode_dockerfile: { from: "@codemirror/legacy-modes/mode/dockerfile", names: ["dockerFile"] },
  mode_elm: { from: "@codemirror/legacy-modes/mode/elm", names: ["elm"] },
  mode_erlang: { from: "@codemirror/legacy-modes/mode/erlang", names: ["erlang"] },
  mode_groovy: { from: "@codemirror/legacy-modes/mode/groovy", names: ["groovy"] },
  mode_haskell: { from: "@codemirror/legacy-modes/mode/haskell", names: ["haskell"] },
  mode_julia: { from: "@codemirror/legacy-modes/mode/julia", names: ["julia"] },
  mode_lua: { from: "@codemirror/legacy-modes/mode/lua", names: ["lua"] },
  mode_mllike: { from: "@codemirror/legacy-modes/mode/mllike", names: ["oCaml"] },
  mode_nginx: { from: "@codemirror/legacy-modes/mode/nginx", names: ["nginx"] },
  mode_perl: { from: "@codemirror/legacy-modes/mode/perl", names: ["perl"] },
  mode_powershell: { from: "@codemirror/legacy-modes/mode/powershell", names: ["powerShell"] },
  mode_properties: { from: "@codemirror/legacy-modes/mode/properties", names: ["properties"] },
  mode_protobuf: { from: "@codemirror/legacy-modes/mode/protobuf", names: ["protobuf"] },
  mode_r: { from: "@codemirror/legacy-modes/mode/r", names: ["r"] },
  mode_ruby: { from: "@codemirror/legacy-modes/mode/ruby", names: ["ruby"] },
  mode_shell: { from: "@codemirror/legacy-modes/mode/shell", names: ["shell"] },
  mode_stex: { from: "@codemirror/legacy-modes/mode/stex", names: ["stex"] },
  mode_swift: { from: "@codemirror/legacy-modes/mode/swift", names: ["swift"] },
  mode_toml: { from: "@codemirror/legacy-modes/mode/toml", names: ["toml"] },
};
