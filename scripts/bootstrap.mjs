// Runs a TypeScript script of this repository: `node scripts/bootstrap.mjs scripts/start.ts [arguments]`.
// With `--compiled` before it, the script is compiled first and runs without a TypeScript loader beside it.
// Installs packages first when they are missing or not those of package-lock.json. The script runs in this
// very process, so that signals and exit codes are its own. Plain JavaScript without dependencies, and in a
// syntax that old versions of Node can read far enough to be told which version is needed.
import { spawnSync } from "child_process";
import { existsSync, readFileSync } from "fs";
import { dirname, join, resolve } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function main() {
  const needed = "20.19";
  if (isOlder(process.versions.node, needed)) {
    fail("Node " + needed + " or newer is needed; this is Node " + process.versions.node + ".");
  }
  const compiled = process.argv[2] === "--compiled";
  if (compiled) process.argv.splice(2, 1);
  const script = process.argv[2];
  if (script === undefined) fail("usage: node scripts/bootstrap.mjs <script.ts> [arguments]");
  installIfNeeded();
  // The script finds its arguments where it would if it had been started itself.
  process.argv.splice(1, 2, resolve(root, script));
  (compiled ? compile(script).catch(load) : load())
    .then((url) => import(url))
    .catch((error) => {
      console.error(error);
      // What it had begun may still hold the process open.
      process.exit(1);
    });
}

function compile(script) {
  return import("./compile.mjs").then((compiler) => compiler.compile(script));
}

/** Modules are compiled as they are imported. Also where compiling ahead fails, as on a read-only disk. */
function load() {
  return import("tsx/esm/api").then((tsx) => {
    tsx.register();
    return pathToFileURL(process.argv[1]).href;
  });
}

function isOlder(version, needed) {
  const [major, minor] = version.split(".").map(Number);
  const [neededMajor, neededMinor] = needed.split(".").map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

function installIfNeeded() {
  const wanted = readPackages(join(root, "package-lock.json"));
  if (wanted === undefined) return;
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  const state = compare(wanted, installed);
  if (state.current) return;
  const args = state.omitDev ? ["ci", "--omit=dev"] : ["ci"];
  console.error("Installing packages: npm " + args.join(" "));
  // npm tells its scripts where it is; without npm above us, look it up as a shell would.
  const npm = process.env.npm_execpath;
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: true });
  if (result.status !== 0) fail("npm " + args.join(" ") + " failed.");
}

/** The `packages` of a lockfile, or undefined where there is none that can be read. */
function readPackages(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    // Cut short by a crash of npm: install again.
    return undefined;
  }
}

/**
 * Whether what npm wrote down as installed is what the lockfile asks for. By content, not by file times: a
 * checkout gives every file a new time. An installation without any development package was made with
 * `--omit=dev`, and stays one. Optional packages may be for other machines.
 */
function compare(wanted, installed) {
  if (installed === undefined) return { current: false, omitDev: false };
  const names = Object.keys(wanted).filter((name) => name !== "");
  const ofDevelopment = (name) => wanted[name].dev === true;
  const omitDev = !names.some((name) => ofDevelopment(name) && installed[name] !== undefined);
  const current = names.every((name) => {
    const there = installed[name];
    if (there !== undefined) return there.version === wanted[name].version;
    const optional = wanted[name].optional || wanted[name].devOptional;
    return optional === true || (omitDev && ofDevelopment(name));
  });
  return { current, omitDev };
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

main();
