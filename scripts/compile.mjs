// Compiles a TypeScript program of this repository and what it imports (not its packages) to plain JavaScript,
// and returns the entry to import. A loader that stays in the process to compile modules on demand costs the
// bridge some 45 MB; this costs it nothing once it runs.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Below node_modules, so that packages are found from there.
const outdir = join(root, "node_modules", ".cache", "compiled");

/** Throws when the compiler is missing or the cache can't be written. */
export async function compile(script) {
  const [entry] = await compileAll([script]);
  return entry;
}

/** As `compile`, for several entries that share what they import: their addresses, in the given order. */
export async function compileAll(scripts) {
  const require = createRequire(import.meta.url);
  const { build, stop } = createRequire(require.resolve("tsx/package.json"))("esbuild");
  try {
    const { outputFiles, metafile } = await build({
      absWorkingDir: root,
      entryPoints: scripts,
      bundle: true,
      // What is imported only when needed stays a file of its own.
      splitting: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20",
      outdir,
      // By content: two processes that compile the same sources write the same files.
      entryNames: "[name]-[hash]",
      chunkNames: "[name]-[hash]",
      metafile: true,
      write: false,
      logLevel: "silent",
      plugins: [ownAddresses],
    });
    await mkdir(outdir, { recursive: true });
    await Promise.all(outputFiles.map((file) => writeOnce(file.path, file.contents)));
    const outputs = new Map(
      Object.entries(metafile.outputs).map(([output, { entryPoint }]) => [entryPoint, output]),
    );
    return scripts.map((script) => {
      const output = outputs.get(relative(root, resolve(root, script)));
      return pathToFileURL(resolve(root, output)).href;
    });
  } finally {
    await stop();
  }
}

/** Modules that ask where they are get the address of their source. */
const ownAddresses = {
  name: "own addresses",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)))
        .replaceAll("import.meta.filename", JSON.stringify(path));
      return { contents, loader: "ts" };
    });
  },
};

/** Whole or not at all: another process may be reading. */
async function writeOnce(path, contents) {
  const known = await stat(path).catch(() => undefined);
  if (known?.size === contents.length) return;
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}
