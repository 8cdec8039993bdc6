// Stands in for the Convex CLI where the real one would ask somebody to log in, or fetch a backend to run here. What it
// was asked, and the mode it was told, goes to calls.json; it writes what the real one writes, by the same rule.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);
const args = process.argv.slice(2);
// eslint-disable-next-line no-restricted-properties -- A program of its own, told by its environment as the real one is.
const { env } = process;
const { CONVEX_AGENT_MODE: mode } = env;
const calls = read("calls.json") ?? [];
writeFileSync("calls.json", JSON.stringify([...calls, { args, ...(mode && { mode }) }]));

const DEPLOYMENTS = {
  dev: { name: "dev:brave-otter-1", url: "https://brave-otter-1.convex.cloud" },
  local: { name: "anonymous:anonymous-project", url: "http://127.0.0.1:3210" },
  prod: { url: "https://calm-heron-2.convex.cloud" },
};

/** The real one takes another name when it finds none of its own: this project has Vite, so Vite's. */
function note(text, name, value) {
  const line = `${existsSync(".env.local") && new RegExp(`^${name}=`, "m").test(text) ? name : `VITE_${name}`}=${value}`;
  const old = new RegExp(`^${line.split("=")[0]}=.*$`, "m");
  return old.test(text) ? text.replace(old, line) : `${text}\n${line}\n`;
}

const [verb, sub] = args;
if (verb === "dev" && args.includes("--skip-push")) {
  if (env.STUB_CLI_FAILS) process.exit(1);
  const { name, url } = mode === "anonymous" ? DEPLOYMENTS.local : DEPLOYMENTS.dev;
  const before = existsSync(".env.local") ? readFileSync(".env.local", "utf8") : "";
  const after = note(
    note(`${before}CONVEX_DEPLOYMENT=${name}\n`, "CONVEX_URL", url),
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
