/**
 * Bundles what a notebook loads into notebooks/rayrooms_jupyter/static: the loader (a widget's `_esm`), the widget's
 * core, one file for each package of grammars, and manifest.json, which names them. All but the loader have a hash of
 * their content in their name. `--analyse` prints what is in the core; `--to DIR` builds elsewhere.
 */

import { createHash } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { analyzeMetafile, type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { GRAMMAR_EXPORTS } from "./src/grammars/exports.ts";
import { SHARED } from "./src/grammars/shared.ts";

const HERE = import.meta.dirname;

const { values: options } = parseArgs({
  options: { to: { type: "string" }, analyse: { type: "boolean", default: false } },
});
const target = resolve(options.to ?? join(HERE, "..", "..", "notebooks", "rayrooms_jupyter", "static"));
const building = `${target}.building`;

const common: BuildOptions = {
  absWorkingDir: HERE,
  bundle: true,
  // The styles use light-dark(), the components the popover API.
  target: ["es2023", "chrome123", "firefox125", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  sourcemap: false,
  legalComments: "eof",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
};

/** `import css from "./some.css?text"` is the style sheet, minified, with what it imports. */
const styleText: Plugin = {
  name: "style-text",
  setup(builder) {
    builder.onResolve({ filter: /\.css\?text$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace(/\?text$/, "")),
      namespace: "style-text",
    }));
    builder.onLoad({ filter: /.*/, namespace: "style-text" }, async ({ path }) => ({
      contents: (await bundled({ ...common, entryPoints: [path] })).text,
      loader: "text",
    }));
  },
};

/** Transports that sessions here never ask for: what loads them on demand stays, and would find nothing. */
const unusedTransports: Plugin = {
  name: "unused-transports",
  setup(builder) {
    builder.onResolve({ filter: /^(\.\/msgpack\.ts|socket\.io-client)$/ }, ({ path, kind }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

/** In place of a shared module: its names, taken from the core's. One that is not among them fails the build. */
const sharedModules: Plugin = {
  name: "shared-modules",
  setup(builder) {
    builder.onResolve({ filter: /^@(codemirror|lezer)\// }, ({ path }) =>
      path in SHARED ? { path, namespace: "shared" } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: "shared" }, ({ path }) => {
      const names = Object.keys(SHARED[path as keyof typeof SHARED]).join(", ");
      return { contents: `const { ${names} } = shared["${path}"]; export { ${names} };`, loader: "js" };
    });
  },
};

await rm(building, { recursive: true, force: true });
await mkdir(building, { recursive: true });

const grammars: Record<string, string> = {};
for (const [name, { from, names }] of Object.entries(GRAMMAR_EXPORTS)) {
  grammars[name] = await write(`grammar-${name}`, await grammar(from, names));
}
const core = await bundled({
  ...common,
  entryPoints: ["src/mount.tsx"],
  format: "esm",
  plugins: [styleText, unusedTransports],
  define: { ...common.define, GRAMMAR_FILES: JSON.stringify(grammars) },
});
const bundle = await write("widget", core.text);
const loader = await bundled({ ...common, entryPoints: ["src/loader/loader.ts"], format: "esm" });
await writeFile(join(building, "loader.js"), loader.text);
await writeFile(join(building, "manifest.json"), `${JSON.stringify({ bundle, grammars }, null, 2)}\n`);
await rm(target, { recursive: true, force: true });
await rename(building, target);

if (options.analyse) {
  process.stdout.write(await analyzeMetafile(core.metafile));
}

/** A package of grammars as a module whose default export makes its names of the modules that it shares with the core. */
async function grammar(from: string, names: readonly string[]): Promise<string> {
  const { text } = await bundled({
    ...common,
    stdin: { contents: `export { ${names.join(", ")} } from "${from}";`, resolveDir: HERE },
    format: "cjs",
    plugins: [sharedModules],
    banner: { js: "export default function(shared){const module={exports:{}};" },
    footer: { js: "return module.exports}" },
    // The footer's `return` would stand in a comment otherwise.
    legalComments: "inline",
  });
  return text;
}

/** The only output of a build. */
async function bundled(what: BuildOptions): Promise<{ text: string; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({ ...what, write: false, metafile: true });
  const [output, ...others] = outputFiles;
  if (output === undefined || others.length > 0) {
    throw new Error("A part of the notebook's bundle must be one file.");
  }
  return { text: output.text, metafile };
}

/** Returns the name of the file. */
async function write(name: string, content: string): Promise<string> {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const file = `${name}-${hash}.js`;
  await writeFile(join(building, file), content);
  return file;
}
