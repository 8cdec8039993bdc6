// Runs a TypeScript script of this repository: `node scripts/bootstrap.mjs scripts/start.ts [arguments]`.
// With `--compiled` before the script, compiles the script first and runs it without a TypeScript loader.
// Before that, installs packages if they are missing or differ from package-lock.json. Runs the script in this process,
// so that signals and exit codes are the script's own. This file is plain JavaScript without dependencies, in a syntax
// that old versions of Node can parse, so that they can report which version is required.
import { spawnSync } from "child_process";
import { existsSync, readFileSync } from "fs";
import { dirname, join, resolve } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function main() {
  const required = "20.19";
  if (isOlder(process.versions.node, required)) {
    fail("Node " + required + " or newer is required; this is Node " + process.versions.node + ".");
  }
  const compiled = process.argv[2] === "--compiled";
  if (compiled) process.argv.splice(2, 1);
  const script = process.argv[2];
  if (script === undefined) fail("usage: node scripts/bootstrap.mjs <script.ts> [arguments]");
  installIfNeeded();
  // The script sees its arguments as if Node had started it directly.
  process.argv.splice(1, 2, resolve(root, script));
  (compiled ? compile(script).catch(load) : load())
    .then((url) => import(url))
    .catch((error) => {
      console.error(error);
      // Open handles may keep the process alive.
      process.exit(1);
    });
}

function compile(script) {
  return import("./compile.mjs").then((compiler) => compiler.compile(script));
}

/** Compiles modules as they are imported. Also the fallback if compiling first fails, for example on a read-only disk. */
function load() {
  return import("tsx/esm/api").then((tsx) => {
    tsx.register();
    return pathToFileURL(process.argv[1]).href;
  });
}

function isOlder(version, required) {
  const [major, minor] = version.split(".").map(Number);
  const [requiredMajor, requiredMinor] = required.split(".").map(Number);
  return major < requiredMajor || (major === requiredMajor && minor < requiredMinor);
}

function installIfNeeded() {
  const locked = readPackages(join(root, "package-lock.json"));
  if (locked === undefined) return;
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  const state = compare(locked, installed);
  if (state.current) return;
  const args = state.omitDev ? ["ci", "--omit=dev"] : ["ci"];
  console.error("Installing packages: npm " + args.join(" "));
  // npm passes its path to its scripts. If npm did not start this process, find npm on the PATH.
  const npm = process.env.npm_execpath;
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: true });
  if (result.status !== 0) fail("npm " + args.join(" ") + " failed.");
}

/** The `packages` of a lockfile, or undefined if there is no readable one. */
function readPackages(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    // npm was interrupted while it wrote the file: install again.
    return undefined;
  }
}

/**
 * Whether the installed packages are those of the lockfile. Compares versions rather than file times, because a
 * checkout gives every file a new time. An installation without any development package was made with
 * `--omit=dev` and stays that way. Optional packages may be missing: they may be for other platforms.
 */
function compare(locked, installed) {
  if (installed === undefined) return { current: false, omitDev: false };
  const names = Object.keys(locked).filter((name) => name !== "");
  const isDevelopment = (name) => locked[name].dev === true;
  const omitDev = !names.some((name) => isDevelopment(name) && installed[name] !== undefined);
  const current = names.every((name) => {
    const found = installed[name];
    if (found !== undefined) return found.version === locked[name].version;
    const optional = locked[name].optional || locked[name].devOptional;
    return optional === true || (omitDev && isDevelopment(name));
  });
  return { current, omitDev };
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

main();
