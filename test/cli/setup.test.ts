import { createLocalJWKSet, jwtVerify } from "jose";
import { spawn } from "node:child_process";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "dotenv";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mintToken, parseSigningKey } from "../../bridges/core/convex/token.ts";
import { AUDIENCE, ISSUERS } from "../../convex/model/access/issuers.ts";
import { makeKeyPair } from "../../scripts/tooling/signing_keys.ts";
import { mergeEnvFile } from "../../scripts/cli/setup/env_file.ts";
import { readKeySet } from "../../scripts/cli/setup/key_sets.ts";
import {
  ADMIN_KEY,
  type ConvexEndpoints,
  startConvexEndpoints,
} from "../support/convex_endpoints.ts";
import { copyProject, type ProjectCopy } from "../support/project_copy.ts";

const SECRETS = {
  DISCORD_BOT_TOKEN: "MARKED-discord-token",
  OPENAI_API_KEY: "sk-MARKED-openai",
  CONVEX_SELF_HOSTED_ADMIN_KEY: ADMIN_KEY,
};

let copy: ProjectCopy;
let project: string;
let stub: ConvexEndpoints;

// Setup writes into its project, so it runs in a copy.
beforeAll(async () => {
  copy = await copyProject();
  project = copy.path;
  stub = await startConvexEndpoints();
}, 300_000);

afterAll(async () => {
  await stub.stop();
  await copy.remove();
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs `npm run setup -- <args>` without a terminal. */
function setup(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return node(["scripts/cli/setup/setup.ts", ...args], env);
}

async function node(script: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ["scripts/bootstrap.mjs", "--compiled", ...script], {
    cwd: project,
    env: { PATH: process.env.PATH, HOME: project, CONVEX_VERSION_API_ORIGIN: stub.url, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: out + err };
}

const envFile = () => readFile(join(project, ".env.local"), "utf8");
const FLAGS = ["--no-input", "--no-push", "--convex", "self-hosted", "--platforms", "discord"];
const firstRun = () => setup([...FLAGS, "--self-hosted-url", stub.url], SECRETS);

async function isAccepted(privateKey: string, keySet: string | undefined): Promise<boolean> {
  const key = parseSigningKey(privateKey);
  if (key === undefined) throw new Error("no key");
  const set = createLocalJWKSet({ keys: readKeySet(keySet) ?? [] });
  const claims = { issuer: ISSUERS.discord, audience: AUDIENCE };
  return jwtVerify(await mintToken("discord", key), set, claims).then(
    () => true,
    () => false,
  );
}

test("sets up a deployment with keys, and a settings file that only this user can read and that keeps every line", async () => {
  await writeFile(join(project, ".env.local"), "# mine\nOTHER='kept'\n\nDISCORD_BOT_TOKEN=\n", {
    mode: 0o644,
  });
  const { code, output } = await firstRun();
  expect(output).toContain("npm run doctor");
  expect(code).toBe(0);
  const saved = await envFile();
  expect(saved).toMatch(/^# mine\nOTHER='kept'\n\nDISCORD_BOT_TOKEN=MARKED-discord-token\n/);
  expect((await stat(join(project, ".env.local"))).mode & 0o777).toBe(0o600);
  const { DISCORD_BRIDGE_KEY = "", SLACK_BRIDGE_KEY, CONVEX_URL, OPENAI_API_KEY } = parse(saved);
  expect(CONVEX_URL).toBe(stub.url);
  expect([SLACK_BRIDGE_KEY, OPENAI_API_KEY]).toEqual([undefined, undefined]);
  expect(await isAccepted(DISCORD_BRIDGE_KEY, stub.variables.get("DISCORD_BRIDGE_JWKS"))).toBe(
    true,
  );
  // The platform that is off has an empty key set: the push needs one.
  expect(stub.variables.has("SLACK_BRIDGE_JWKS")).toBe(true);
  expect(readKeySet(stub.variables.get("SLACK_BRIDGE_JWKS"))).toEqual([]);
  expect(readKeySet(stub.variables.get("ADMIN_JWKS"))).toHaveLength(1);
  expect(stub.variables.get("OPENAI_API_KEY")).toBe(SECRETS.OPENAI_API_KEY);
}, 300_000);

test("a second run changes nothing and prints no secret", async () => {
  const before = [await envFile(), [...stub.variables]];
  const { code, output } = await setup(FLAGS);
  expect(code, output).toBe(0);
  expect([await envFile(), [...stub.variables]]).toEqual(before);
  expect(output).not.toMatch(/MARKED|"d":/);
}, 300_000);

test("pushes the backend with the official CLI", async () => {
  const { code, output } = await setup(FLAGS.filter((flag) => flag !== "--no-push"));
  expect(code, output).toBe(0);
  expect(stub.finished()).toBe(1);
  expect(output).toContain("Pushed.");
  // The CLI would write URLs to VITE_ names if .env.local had no CONVEX_ names.
  expect(Object.keys(parse(await envFile())).filter((name) => name.startsWith("VITE"))).toEqual([]);
}, 300_000);

test("a failing push is reported without a secret or a stack trace", async () => {
  const set = stub.variables.get("ADMIN_JWKS") ?? "";
  const quoted = Object.values(SECRETS).join(" ");
  stub.refuseNextPush("BadSchema", `${quoted} in what the deployment says`);
  const { code, output } = await setup(
    FLAGS.filter((flag) => flag !== "--no-push"),
    {
      OPENAI_API_KEY: SECRETS.OPENAI_API_KEY,
    },
  );
  expect(code).toBe(1);
  expect(output).toContain("error: Pushing the backend failed");
  expect(output).not.toMatch(/MARKED|"d":|^\s+at .*:\d+:\d+/m);
  expect(stub.variables.get("ADMIN_JWKS")).toBe(set);
}, 300_000);

test("a wrong admin key is reported but not printed", async () => {
  const { code, output } = await setup(FLAGS, {
    CONVEX_SELF_HOSTED_ADMIN_KEY: "MARKED-wrong-key",
  });
  expect(code).toBe(1);
  expect(parse(await envFile()).CONVEX_SELF_HOSTED_ADMIN_KEY).toBe(ADMIN_KEY);
  expect(output).toContain("CONVEX_SELF_HOSTED_ADMIN_KEY");
  expect(output).not.toMatch(/MARKED|^\s+at .*:\d+:\d+/m);
}, 300_000);

test("a key that the deployment does not contain is added only with --change-keys, beside the others", async () => {
  const { DISCORD_BRIDGE_JWKS: others } = Object.fromEntries(stub.variables);
  const file = await envFile();
  await writeFile(join(project, ".env.local"), file.replace(/^DISCORD_BRIDGE_KEY=.*\n/m, ""));
  const refused = await setup(FLAGS);
  expect(refused.code).toBe(1);
  expect(refused.output).toContain("--change-keys");
  expect(stub.variables.get("DISCORD_BRIDGE_JWKS")).toBe(others);
  const allowed = await setup([...FLAGS, "--change-keys"]);
  expect(allowed.code, allowed.output).toBe(0);
  const keys = readKeySet(stub.variables.get("DISCORD_BRIDGE_JWKS"));
  expect(keys).toHaveLength(2);
  expect(keys?.slice(0, 1)).toEqual(readKeySet(others));
}, 300_000);

test("rotate: the old and the new key are accepted until the old one is removed", async () => {
  const old = parse(await envFile()).DISCORD_BRIDGE_KEY ?? "";
  const since = stub.history.length;
  const begun = await setup(["rotate", "discord"]);
  expect(begun.code, begun.output).toBe(0);
  expect(begun.output).toContain("rotate discord --finish");
  const fresh = parse(await envFile()).DISCORD_BRIDGE_KEY ?? "";
  expect(fresh).not.toBe(old);
  for (const moment of stub.history.slice(since)) {
    const set = moment.get("DISCORD_BRIDGE_JWKS");
    expect([await isAccepted(old, set), await isAccepted(fresh, set)]).toEqual([true, true]);
  }
  const finished = await setup(["rotate", "discord", "--finish"]);
  expect(finished.code, finished.output).toBe(0);
  const set = stub.variables.get("DISCORD_BRIDGE_JWKS");
  expect([await isAccepted(old, set), await isAccepted(fresh, set)]).toEqual([false, true]);
  expect(begun.output + finished.output).not.toMatch(/"d":/);
}, 300_000);

test("rotate removes nothing if the deployment lacks this machine's key or the environment sets another", async () => {
  const { privateKeyEnv } = await makeKeyPair("admin");
  const set = stub.variables.get("ADMIN_JWKS");
  const file = await envFile();
  const elsewhere = await setup(["rotate", "admin"], { ADMIN_KEY: privateKeyEnv });
  await mergeEnvFile(join(project, ".env.local"), { ADMIN_KEY: privateKeyEnv });
  const foreign = await setup(["rotate", "admin", "--finish"]);
  await writeFile(join(project, ".env.local"), file);
  expect([elsewhere.code, foreign.code]).toEqual([1, 1]);
  expect(elsewhere.output).toMatch(/ADMIN_KEY is set in the environment/);
  expect(foreign.output).toMatch(/no key was removed/);
  expect(stub.variables.get("ADMIN_JWKS")).toBe(set);
}, 300_000);

test("rotate does not turn on a platform that is off", async () => {
  const [file, before] = [await envFile(), [...stub.variables]];
  const { code, output } = await setup(["rotate", "slack"]);
  expect(code).toBe(1);
  expect(output).toMatch(/slack is off .*npm run setup turns it on/);
  expect([await envFile(), [...stub.variables]]).toEqual([file, before]);
}, 300_000);

test("a Convex other than the configured one is refused, with the settings to remove", async () => {
  const [file, before] = [await envFile(), [...stub.variables]];
  const { code, output } = await setup(["--no-input", "--convex", "cloud"]);
  expect(code).toBe(1);
  expect(output).toMatch(/self-hosted, not cloud.*remove.*CONVEX_SELF_HOSTED_URL.*CONVEX_URL/);
  expect([await envFile(), [...stub.variables]]).toEqual([file, before]);
}, 300_000);

test("a URL is saved without its trailing slash; an invalid one is wrong usage", async () => {
  const slash = await setup([...FLAGS, "--self-hosted-url", `${stub.url}/`]);
  expect(slash.code, slash.output).toBe(0);
  const { CONVEX_URL, CONVEX_SELF_HOSTED_URL } = parse(await envFile());
  expect([CONVEX_URL, CONVEX_SELF_HOSTED_URL]).toEqual([stub.url, stub.url]);
  const wrong = await Promise.all(
    [
      ["--openai-base-url", "foo"],
      ["--openai-model", ""],
      ["--self-hosted-url", "ftp://x"],
    ].map((flags) => setup([...FLAGS, ...flags])),
  );
  expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2]);
  for (const { output } of wrong) expect(output).toMatch(/It must (?:be an http|not be empty)/);
}, 300_000);

test("every command reports unreadable settings with the step to fix them and without a stack trace", async () => {
  const path = join(project, ".env.local");
  await rename(path, `${path}.aside`);
  await writeFile(path, Buffer.from(`\ufeff${await readFile(`${path}.aside`, "utf8")}`, "utf16le"));
  const ended = await Promise.all(
    [
      ["scripts/cli/setup/setup.ts", "--no-input"],
      ["scripts/start.ts"],
      ["scripts/cli/channels/channels.ts", "list"],
      ["scripts/cli/channels/channels.ts", "find", "discord"],
      ["scripts/cli/doctor/doctor.ts"],
    ].map((command) => node(command)),
  );
  await rename(`${path}.aside`, path);
  for (const { code, output } of ended) {
    expect(code, output).toBe(1);
    expect(output).toMatch(/\.env\.local is not in UTF-8.*Save it as UTF-8/s);
    expect(output).not.toMatch(/^\s+at .*:\d+/m);
  }
  expect(ended.at(-1)?.output).toContain("FAIL  Settings:");
}, 300_000);

test("an invalid key is never overwritten by a new one", async () => {
  const file = await envFile();
  const broken = file.replace(/^ADMIN_KEY=.*$/m, "ADMIN_KEY='{\"kty\":'");
  await writeFile(join(project, ".env.local"), broken);
  const { code, output } = await setup([...FLAGS, "--change-keys"]);
  const after = await envFile();
  await writeFile(join(project, ".env.local"), file);
  expect(code).toBe(1);
  expect(output).toMatch(/ADMIN_KEY is not a private P-256 key.*Remove it/s);
  expect(after).toBe(broken);
}, 300_000);

test("the deployment keeps its AI key even if the environment has another", async () => {
  const { code, output } = await setup(FLAGS, { OPENAI_API_KEY: "sk-MARKED-of-another-project" });
  expect(code, output).toBe(0);
  expect(stub.variables.get("OPENAI_API_KEY")).toBe(SECRETS.OPENAI_API_KEY);
  expect(output).toContain("keeping the deployment's own");
  expect(output).not.toContain("MARKED");
}, 300_000);

test("an invalid token fails setup and is not printed", async () => {
  const { code, output } = await setup([...FLAGS.slice(0, -1), "slack"], {
    SLACK_BOT_TOKEN: "MARKED not a token",
    SLACK_APP_TOKEN: "xapp-1",
  });
  expect(code).toBe(1);
  expect(output).toMatch(/SLACK_BOT_TOKEN has spaces.*OAuth & Permissions/);
  expect(output).not.toContain("MARKED");
}, 300_000);

test("without a terminal, missing input is reported with the flag or variable to use", async () => {
  const env = { DISCORD_BOT_TOKEN: SECRETS.DISCORD_BOT_TOKEN };
  const saved = await envFile();
  await writeFile(join(project, ".env.local"), "");
  const hosting = await setup(["--no-input"], env);
  const url = await setup(["--no-input", "--convex", "self-hosted"], env);
  const adminKey = await setup(
    ["--no-input", "--convex", "self-hosted", "--self-hosted-url", stub.url],
    env,
  );
  await writeFile(join(project, ".env.local"), saved);
  expect([hosting, url, adminKey].map(({ code }) => code)).toEqual([1, 1, 1]);
  expect(hosting.output).toContain("--convex cloud, local or self-hosted");
  expect(url.output).toContain("--self-hosted-url");
  expect(adminKey.output).toContain("CONVEX_SELF_HOSTED_ADMIN_KEY");
}, 300_000);
