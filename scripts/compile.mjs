// Compiles TypeScript programs of this repository, with their imports, to plain JavaScript. A loader that compiles
// modules on demand would cost the bridge about 45 MB of memory; this costs none at run time.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Inside node_modules, so that imports of packages resolve from there.
const outdir = join(root, "node_modules", ".cache", "compiled");

/** Returns the URL of the compiled entry. Throws if the compiler is missing or the cache can't be written. */
export async function compile(script, options) {
  const [entry] = await compileAll([script], options);
  return entry;
}

/**
 * Like `compile`, for several entries that share imports. Returns their URLs in the given order. With
 * `packages: "bundle"` packages are compiled in, which takes a second longer and saves a bridge half a second at each
 * start. With `format: "cjs"` each entry becomes one CommonJS file, without `await` outside of functions. `replace`: files
 * to compile in place of others, by the path of those.
 */
export async function compileAll(
  scripts,
  { packages = "external", format = "esm", replace = {} } = {},
) {
  const entries = scripts.map((script) => relative(root, resolve(root, script)));
  const key = createHash("sha256")
    .update(JSON.stringify([root, entries, packages, format, replace]))
    .digest("hex");
  const recordFile = join(outdir, `${key}.json`);
  const options = optionsFor(entries, packages, format, replace);
  const others = Object.values(replace);
  const record = (await currentRecord(recordFile)) ?? (await build(options, recordFile, others));
  return record.outputs.map((output) => pathToFileURL(resolve(root, output)).href);
}

/**
 * What the last build of the same entries read and wrote. Undefined if any of that has changed or is gone: a file has
 * changed if its size or its modification time has.
 */
async function currentRecord(file) {
  try {
    const record = JSON.parse(await readFile(file, "utf8"));
    const states = await Promise.all(record.inputs.map(([path]) => stateOf(path)));
    const isCurrent = record.inputs.every(([, state], index) => state === states[index]);
    await Promise.all(record.outputs.map((output) => stat(resolve(root, output))));
    return isCurrent ? record : undefined;
  } catch {
    return undefined;
  }
}

async function stateOf(path) {
  const { size, mtimeMs } = await stat(resolve(root, path));
  return `${size} ${mtimeMs}`;
}

/**
 * Compiles an entry and its packages into `directory`: `<name>.mjs` and the modules that it loads on demand. They run
 * without node_modules. Paths that the program derives from its own place are those of this repository.
 */
export async function bundle(script, directory) {
  const esbuild = loadEsbuild();
  try {
    await esbuild.build({
      ...optionsFor([relative(root, resolve(root, script))], "bundle"),
      outdir: resolve(directory),
      outExtension: { ".js": ".mjs" },
    });
  } finally {
    await esbuild.stop();
  }
}

function loadEsbuild() {
  const require = createRequire(import.meta.url);
  return createRequire(require.resolve("tsx/package.json"))("esbuild");
}

function optionsFor(entries, packages, format = "esm", replace = {}) {
  return {
    absWorkingDir: root,
    entryPoints: entries,
    bundle: true,
    // Modules that are imported on demand stay separate files.
    splitting: format === "esm",
    packages,
    ...(packages === "bundle" && bundled),
    ...(format === "cjs" && oneFile),
    format,
    platform: "node",
    target: "node20",
    logLevel: "silent",
    plugins: [sourceLocations(replace)],
  };
}

async function build(options, recordFile, others) {
  const start = Date.now();
  const esbuild = loadEsbuild();
  try {
    const { outputFiles, metafile } = await esbuild.build({
      ...options,
      outdir,
      // Named by content: processes that compile the same sources write the same files.
      entryNames: "[name]-[hash]",
      chunkNames: "[name]-[hash]",
      metafile: true,
      write: false,
    });
    // What npm installed last stands for the thousand files of the packages.
    const read = Object.keys(metafile.inputs).filter((path) => !inPackage.test(path));
    if (options.packages === "bundle") read.push("node_modules/.package-lock.json");
    read.push(...others);
    const inputs = await Promise.all(read.map(async (path) => [path, await stateOf(path)]));
    const outputs = options.entryPoints.map(
      (entry) =>
        Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry)?.[0],
    );
    const record = { inputs, outputs };
    await mkdir(outdir, { recursive: true });
    await Promise.all(outputFiles.map((file) => writeOnce(file.path, file.contents)));
    // A file that changed meanwhile may have been read before it did.
    const isSettled = inputs.every(([, state]) => Number(state.split(" ")[1]) < start);
    if (isSettled) await write(recordFile, JSON.stringify(record));
    return record;
  } finally {
    await esbuild.stop();
  }
}

const inPackage = /(^|[\\/])node_modules[\\/]/;
const bundled = {
  // Optional packages that discord.js and ws do without.
  external: ["zlib-sync", "bufferutil", "utf-8-validate"],
  // CommonJS packages load modules of Node with `require`.
  banner: {
    js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);',
  },
};

const oneFile = {
  outExtension: { ".js": ".cjs" },
  // Packages find their own files by it.
  define: { "import.meta.url": "$url" },
  banner: { js: 'const $url = require("node:url").pathToFileURL(__filename).href;' },
};

/** Makes `import.meta` refer to the source file, not the compiled one. */
const sourceLocations = (replace) => ({
  name: "source locations",
  setup(build) {
    // This file finds the repository by its own place.
    build.onResolve({ filter: /\/compile\.mjs$/ }, () => ({
      path: import.meta.url,
      external: true,
    }));
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(replace[path] ?? path, "utf8");
      const contents = source
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)))
        .replaceAll("import.meta.filename", JSON.stringify(path));
      return { contents, loader: "ts" };
    });
  },
});

async function writeOnce(path, contents) {
  const existing = await stat(path).catch(() => undefined);
  if (existing?.size !== contents.length) await write(path, contents);
}

/** Writes atomically, because another process may be reading the file. */
async function write(path, contents) {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, contents);
  await rename(draft, path);
}
