// Runs a CommonJS program with V8's code cache, which is kept beside it: `node run_with_code_cache.cjs <program.cjs> <use>`.
// Each use of the program has a cache of its own, of the functions that it needs.
// Node has this of its own (module.enableCompileCache) only since 22.1.
const { randomUUID } = require("node:crypto");
const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { dirname } = require("node:path");
const { argv, version } = require("node:process");
const { setTimeout } = require("node:timers");
const { Script } = require("node:vm");

/** By then a program has run, and so compiled, what a start needs. */
const STARTED_MS = 2_000;

const [, , filename, use] = argv;
const cache = `${filename}.${use}.v8-${version}`;
const code = readFileSync(filename, "utf8");
const script = new Script(
  `(function (exports, require, module, __filename, __dirname) {${code}\n})`,
  { filename, ...(existsSync(cache) && { cachedData: readFileSync(cache) }) },
);
if (script.cachedDataRejected !== false) setTimeout(save, STARTED_MS).unref();
const program = { exports: {} };
const run = script.runInThisContext();
run(program.exports, createRequire(filename), program, filename, dirname(filename));

/** Writes atomically, because another process may be reading the file. */
function save() {
  const draft = `${cache}.${randomUUID()}`;
  writeFileSync(draft, script.createCachedData());
  renameSync(draft, cache);
}
