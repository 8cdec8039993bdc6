import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

export type Module = Readonly<Record<string, unknown>>;
/** Modules by their path inside the functions folder, `./bridge.ts`, loaded when first called for. */
export type Modules = Record<string, () => Promise<Module>>;

/** A component the app uses; `path` as in `rateLimiter/batchWorker`. */
export interface Component {
  readonly path: string;
  readonly folder: string;
}

/** Something in the functions folder that this deployment cannot serve as Convex would. */
export class UnsupportedAppError extends Error {}

/** Every module of a functions folder or of a component's, tests and type declarations left out. */
export async function modulesOf(folder: string): Promise<Modules> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // convex-test finds the folder's root by this file; nothing needs what is in it.
  const modules: Modules = { "./_generated/api.js": () => Promise.resolve({}) };
  for (const entry of entries) {
    if (!entry.isFile() || !isModule(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `./${relative(folder, file).split(sep).join("/")}`;
    let loading: Promise<Module> | undefined;
    modules[path] = () => (loading ??= load(file));
  }
  return modules;
}

function isModule(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && !/\.(test|d)\.[cm]?ts$/.test(name);
}

/** Loads one file anew when `version` differs, as after a change of the environment it reads at load time. */
export async function load(file: string, version = 0): Promise<Module> {
  const url = pathToFileURL(file).href;
  const module: unknown = await import(version ? `${url}?version=${version}` : url);
  return module as Module; // A module namespace.
}

/**
 * The components convex.config.ts uses, nested ones too. Such a file runs only inside Convex, so it is read
 * as text: which packages it imports, and what each one's `defineComponent` calls itself.
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
