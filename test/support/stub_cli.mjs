// Replaces the Convex CLI where the real one would ask for a login or download a local backend. Records its arguments and
// CONVEX_AGENT_MODE in calls.jsonl, and writes to .env.local what the real one writes.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);
const args = process.argv.slice(2);
// eslint-disable-next-line no-restricted-properties -- A separate program, configured by its environment like the real one.
const { env } = process;
const { CONVEX_AGENT_MODE: mode } = env;
// One line each, because two may run at once.
appendFileSync("calls.jsonl", `${JSON.stringify({ args, ...(mode && { mode }) })}\n`);

const DEPLOYMENTS = {
  dev: { name: "dev:brave-otter-1", url: "https://brave-otter-1.convex.cloud" },
  local: { name: "anonymous:anonymous-project", url: "http://127.0.0.1:3210" },
  prod: { url: "https://calm-heron-2.convex.cloud" },
};

/** The real one writes to a VITE_ name unless .env.local already has the plain one, because this project has Vite. */
function setVariable(text, name, value) {
  const line = `${existsSync(".env.local") && new RegExp(`^${name}=`, "m").test(text) ? name : `VITE_${name}`}=${value}`;
  const old = new RegExp(`^${line.split("=")[0]}=.*$`, "m");
  return old.test(text) ? text.replace(old, line) : `${text}\n${line}\n`;
}

const [verb, sub] = args;
if (verb === "dev" && args.includes("--skip-push")) {
  if (env.STUB_CLI_FAILS) process.exit(1);
  const { name, url } = mode === "anonymous" ? DEPLOYMENTS.local : DEPLOYMENTS.dev;
  const before = existsSync(".env.local") ? readFileSync(".env.local", "utf8") : "";
  const after = setVariable(
    setVariable(`${before}CONVEX_DEPLOYMENT=${name}\n`, "CONVEX_URL", url),
    "CONVEX_SITE_URL",
    url,
  );
  writeFileSync(".env.local", after);
} else if (verb === "env" && sub === "list") {
  for (const [name, value] of Object.entries(read("variables.json") ?? {}))
    console.log(`${name}='${value}'`);
} else if (verb === "env" && sub === "set") {
  const set = { ...read("variables.json") };
  for (const [, name, value] of readFileSync(0, "utf8").matchAll(/^(\w+)='(.*)'$/gm))
    set[name] = value;
  writeFileSync("variables.json", JSON.stringify(set));
} else if (verb === "function-spec") {
  const { url } = DEPLOYMENTS[args.includes("--prod") ? "prod" : "dev"];
  console.log(JSON.stringify({ url, functions: [] }, undefined, 2));
}
