import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { compileAll } from "../../../compile.mjs";

export type Module = Readonly<Record<string, unknown>>;
/** Modules by their path in the functions folder (`./bridge.ts`), loaded on first use. */
export type Modules = Record<string, () => Promise<Module>>;

/** A component of the app. `path` is like `rateLimiter/batchWorker`. */
export interface Component {
  readonly path: string;
  readonly folder: string;
}

/** The functions folder uses a feature that the local deployment does not support. */
export class UnsupportedAppError extends Error {}

/** Files to run in place of others, by the path of those. */
export type Replaced = Readonly<Record<string, string>>;

/** Every module of a functions folder or a component, without tests and type declarations. */
export async function modulesOf(folder: string, replace: Replaced = {}): Promise<Modules> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && isModule(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const sources = files.filter((file) => /\.[cm]?ts$/.test(file));
  await compileOnce(sources, replace);
  // convex-test finds the folder's root by this file and does not use its contents.
  const modules: Modules = { "./_generated/api.js": () => Promise.resolve({}) };
  for (const file of files) {
    const path = `./${relative(folder, file).split(sep).join("/")}`;
    let loading: Promise<Module> | undefined;
    modules[path] = () => (loading ??= load(file));
  }
  return modules;
}

function isModule(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && !/\.(test|d)\.[cm]?ts$/.test(name);
}

/** The compiled form of each TypeScript module, by the path of its source. */
const compiled = new Map<string, string>();

/** One call for all files, because a loader that compiles module by module takes longer than everything else. */
async function compileOnce(files: readonly string[], replace: Replaced = {}): Promise<void> {
  const missing = files.filter((file) => !compiled.has(file));
  if (missing.length === 0) return;
  const urls = await compileAll(missing, { replace });
  missing.forEach((file, index) => compiled.set(file, urls[index] ?? pathToFileURL(file).href));
}

/** Loads a file. Another `version` loads it again, after a change of variables that it reads on load. */
export async function load(file: string, version = 0): Promise<Module> {
  if (/\.[cm]?ts$/.test(file)) await compileOnce([file]);
  const url = compiled.get(file) ?? pathToFileURL(file).href;
  const module: unknown = await import(version ? `${url}?version=${version}` : url);
  return module as Module; // A module namespace.
}

/**
 * The components that convex.config.ts uses, including nested ones. Such a file runs only inside Convex, so it is read as
 * text, for the packages it imports and the name that each one passes to `defineComponent`.
 */
export async function componentsOf(folder: string, parent = ""): Promise<Component[]> {
  const config = ["convex.config.ts", "convex.config.js"]
    .map((name) => join(folder, name))
    .find(existsSync);
  if (!config) return [];
  const text = await readFile(config, "utf8");
  if (/\.use\([^)]*,/.test(text)) {
    throw new UnsupportedAppError(`${config}: options of app.use() are not supported here`);
  }
  const found: Component[] = [];
  for (const [, specifier = ""] of text.matchAll(
    /from\s+["']([^"']*convex\.config(?:\.js)?)["']/g,
  )) {
    const file = createRequire(config).resolve(specifier);
    const name = /defineComponent\(\s*["']([^"']+)["']/.exec(await readFile(file, "utf8"))?.[1];
    if (!name) throw new UnsupportedAppError(`${file}: no defineComponent("name")`);
    const path = parent ? `${parent}/${name}` : name;
    found.push({ path, folder: dirname(file) }, ...(await componentsOf(dirname(file), path)));
  }
  return found;
}
