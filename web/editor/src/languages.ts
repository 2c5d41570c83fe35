/** The languages that a room can be in. A plain list, free of the editor, so that any page can offer it. */

export interface Language {
  /** What rooms store in `language`. */
  readonly id: string;
  readonly label: string;
  /** How a file of it ends, with its dot. */
  readonly extension: string;
  readonly mime: string;
  /** Other names that people give it, lower case. */
  readonly aliases: readonly string[];
}

function language(id: string, label: string, extension: string, mime: string, ...aliases: string[]): Language {
  return { id, label, extension, mime, aliases };
}

/** In the order in which to offer them: prose first, the rest by label. */
export const LANGUAGES: readonly Language[] = [
  language("text", "Plain text", ".txt", "text/plain", "txt", "plain", "plaintext"),
  language("markdown", "Markdown", ".md", "text/markdown", "md", "gfm"),
  language("c", "C", ".c", "text/x-c", "h"),
  language("csharp", "C#", ".cs", "text/x-csharp", "c#", "cs"),
  language("cpp", "C++", ".cpp", "text/x-c++", "c++", "cc", "cxx", "hpp"),
  language("clojure", "Clojure", ".clj", "text/x-clojure", "clj", "cljs"),
  language("css", "CSS", ".css", "text/css"),
  language("dart", "Dart", ".dart", "text/x-dart"),
  language("diff", "Diff", ".diff", "text/x-diff", "patch"),
  language("dockerfile", "Dockerfile", ".dockerfile", "text/x-dockerfile", "docker"),
  language("elm", "Elm", ".elm", "text/x-elm"),
  language("erlang", "Erlang", ".erl", "text/x-erlang", "erl"),
  language("go", "Go", ".go", "text/x-go", "golang"),
  language("groovy", "Groovy", ".groovy", "text/x-groovy", "gradle"),
  language("haskell", "Haskell", ".hs", "text/x-haskell", "hs"),
  language("html", "HTML", ".html", "text/html", "htm"),
  language("ini", "INI", ".ini", "text/x-ini", "properties", "conf", "cfg"),
  language("java", "Java", ".java", "text/x-java"),
  language("javascript", "JavaScript", ".js", "text/javascript", "js", "mjs", "cjs", "node"),
  language("jsx", "JavaScript (JSX)", ".jsx", "text/javascript"),
  language("json", "JSON", ".json", "application/json", "jsonc", "ipynb"),
  language("julia", "Julia", ".jl", "text/x-julia", "jl"),
  language("kotlin", "Kotlin", ".kt", "text/x-kotlin", "kt", "kts"),
  language("latex", "LaTeX", ".tex", "text/x-latex", "tex"),
  language("less", "Less", ".less", "text/x-less"),
  language("lua", "Lua", ".lua", "text/x-lua"),
  language("nginx", "Nginx", ".conf", "text/x-nginx-conf"),
  language("objectivec", "Objective-C", ".m", "text/x-objectivec", "objective-c", "objc"),
  language("ocaml", "OCaml", ".ml", "text/x-ocaml", "ml"),
  language("perl", "Perl", ".pl", "text/x-perl", "pl"),
  language("php", "PHP", ".php", "text/x-php"),
  language("powershell", "PowerShell", ".ps1", "text/x-powershell", "ps1", "pwsh"),
  language("protobuf", "Protocol Buffers", ".proto", "text/x-protobuf", "proto"),
  language("python", "Python", ".py", "text/x-python", "py", "python3"),
  language("r", "R", ".r", "text/x-r", "rscript"),
  language("ruby", "Ruby", ".rb", "text/x-ruby", "rb"),
  language("rust", "Rust", ".rs", "text/x-rust", "rs"),
  language("scala", "Scala", ".scala", "text/x-scala"),
  language("scss", "SCSS", ".scss", "text/x-scss", "sass"),
  language("shell", "Shell", ".sh", "text/x-shellscript", "sh", "bash", "zsh", "console"),
  language("sql", "SQL", ".sql", "application/sql", "mysql", "postgresql", "sqlite"),
  language("swift", "Swift", ".swift", "text/x-swift"),
  language("toml", "TOML", ".toml", "application/toml"),
  language("typescript", "TypeScript", ".ts", "text/typescript", "ts", "mts", "cts"),
  language("tsx", "TypeScript (TSX)", ".tsx", "text/typescript"),
  language("xml", "XML", ".xml", "application/xml", "svg", "xsl", "xhtml"),
  language("yaml", "YAML", ".yaml", "application/yaml", "yml"),
];

const BY_NAME = new Map<string, Language>();
for (const one of LANGUAGES) {
  for (const alias of [one.extension.slice(1), ...one.aliases]) if (!BY_NAME.has(alias)) BY_NAME.set(alias, one);
}
for (const one of LANGUAGES) BY_NAME.set(one.id, one);

const PLAIN: Language = LANGUAGES[0] ?? language("text", "Plain text", ".txt", "text/plain");

/** The language that goes by this id, alias or file ending, in any case; plain text when none does. */
export function findLanguage(name: string): Language {
  return BY_NAME.get(name.trim().toLowerCase().replace(/^\./, "")) ?? PLAIN;
}

/** Whether people write sentences in it: long lines wrap then, and spelling is checked. */
export function isProse(one: Language): boolean {
  return one.id === "text" || one.id === "markdown" || one.id === "latex";
}
