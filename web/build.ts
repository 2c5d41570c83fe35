/**
 * Bundles the pages into serve/static: hashed and precompressed files under assets/, index.html, and what stands in
 * app/public as it is. `--analyse` prints what is in the bundle; `--to DIR` builds elsewhere.
 */

import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { analyzeMetafile, build, type Metafile } from "esbuild";

const HERE = import.meta.dirname;
const ENTRY = "app/src/main.tsx";
/** Smaller files gain nothing from compression. */
const WORTH_COMPRESSING = 1024;

const { values: options } = parseArgs({
  options: { to: { type: "string" }, analyse: { type: "boolean", default: false } },
});
const target = resolve(options.to ?? join(HERE, "..", "serve", "static"));
const building = `${target}.building`;

await rm(building, { recursive: true, force: true });
await mkdir(building, { recursive: true });
await cp(join(HERE, "app", "public"), building, { recursive: true });

const result = await build({
  absWorkingDir: HERE,
  entryPoints: [ENTRY],
  outdir: join(building, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  // The styles use light-dark(), the components the popover API.
  target: ["es2023", "chrome123", "firefox125", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  sourcemap: false,
  metafile: true,
  legalComments: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});

const { script, style } = entryOutputs(result.metafile);
const template = await readFile(join(HERE, "app", "index.html"), "utf8");
const page = template
  .replaceAll("%SCRIPT%", `/assets/${basename(script)}`)
  .replaceAll("%STYLE%", style === undefined ? "" : `/assets/${basename(style)}`)
  .replaceAll("%PRELOAD%", preloads(result.metafile, script));
await writeFile(join(building, "index.html"), page);
await Promise.all(Object.keys(result.metafile.outputs).map((path) => compress(join(HERE, path))));
await rm(target, { recursive: true, force: true });
await rename(building, target);

if (options.analyse) {
  process.stdout.write(await analyzeMetafile(result.metafile));
}

function entryOutputs(metafile: Metafile): { script: string; style: string | undefined } {
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint === ENTRY) {
      return { script: path, style: output.cssBundle };
    }
  }
  throw new Error(`${ENTRY} made no output`);
}

/** What the entry imports statically would otherwise be found only once the entry has been read. */
function preloads(metafile: Metafile, script: string): string {
  const imports = metafile.outputs[script]?.imports ?? [];
  return imports
    .filter((one) => one.kind === "import-statement" && one.external !== true)
    .map((one) => `<link rel="modulepreload" href="/assets/${basename(one.path)}">`)
    .join("\n    ");
}

async function compress(path: string): Promise<void> {
  const content = await readFile(path);
  if (content.length < WORTH_COMPRESSING || !/\.(js|css|svg|json|txt)$/.test(path)) {
    return;
  }
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  const [zipped, smaller] = await Promise.all([
    promisify(gzip)(content, { level: 9 }),
    promisify(brotliCompress)(content, { params: quality }),
  ]);
  await Promise.all([writeFile(`${path}.gz`, zipped), writeFile(`${path}.br`, smaller)]);
}
