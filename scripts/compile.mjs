// Compiles a TypeScript program of this repository, with its imports but without packages, to plain JavaScript. A
// loader that compiles modules on demand would cost the bridge about 45 MB of memory; this costs none at run time.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Inside node_modules, so that imports of packages resolve from there.
const outdir = join(root, "node_modules", ".cache", "compiled");

/** Returns the URL of the compiled entry. Throws if the compiler is missing or the cache can't be written. */
export async function compile(script) {
  const [entry] = await compileAll([script]);
  return entry;
}

/** Like `compile`, for several entries that share imports. Returns their URLs in the given order. */
export async function compileAll(scripts) {
  const require = createRequire(import.meta.url);
  const { build, stop } = createRequire(require.resolve("tsx/package.json"))("esbuild");
  try {
    const { outputFiles, metafile } = await build({
      absWorkingDir: root,
      entryPoints: scripts,
      bundle: true,
      // Modules that are imported on demand stay separate files.
      splitting: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20",
      outdir,
      // Named by content: processes that compile the same sources write the same files.
      entryNames: "[name]-[hash]",
      chunkNames: "[name]-[hash]",
      metafile: true,
      write: false,
      logLevel: "silent",
      plugins: [sourceLocations],
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

/** Makes `import.meta` refer to the source file, not the compiled one. */
const sourceLocations = {
  name: "source locations",
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

/** Writes atomically, because another process may be reading the file. */
async function writeOnce(path, contents) {
  const existing = await stat(path).catch(() => undefined);
  if (existing?.size === contents.length) return;
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}
