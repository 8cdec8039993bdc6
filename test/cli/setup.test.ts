import { createLocalJWKSet, jwtVerify } from "jose";
import { spawn } from "node:child_process";
import { mkdir, readFile, rename, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "dotenv";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mintToken, parseSigningKey } from "../../bridges/core/convex/token.ts";
import { AUDIENCE, ISSUERS } from "../../convex/model/access/issuers.ts";
import { makeKeyPair } from "../../scripts/stand_ins/convex/server/keys.ts";
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

// Setup writes into its project, so it is given a copy.
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

/** `npm run setup -- <args>` with nobody at the terminal. */
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
const first = () => setup([...FLAGS, "--self-hosted-url", stub.url], SECRETS);

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

test("from tokens to a deployment with keys, and a file for this user only, with every line kept", async () => {
  await writeFile(join(project, ".env.local"), "# mine\nOTHER='kept'\n\nDISCORD_BOT_TOKEN=\n", {
    mode: 0o644,
  });
  const { code, output } = await first();
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
  // The platform that is off: set, as the push needs, and nobody can sign for it.
  expect(stub.variables.has("SLACK_BRIDGE_JWKS")).toBe(true);
  expect(readKeySet(stub.variables.get("SLACK_BRIDGE_JWKS"))).toEqual([]);
  expect(readKeySet(stub.variables.get("ADMIN_JWKS"))).toHaveLength(1);
  expect(stub.variables.get("OPENAI_API_KEY")).toBe(SECRETS.OPENAI_API_KEY);
}, 300_000);

test("a second run changes nothing, and shows no secret", async () => {
  const before = [await envFile(), [...stub.variables]];
  const { code, output } = await setup(FLAGS);
  expect(code, output).toBe(0);
  expect([await envFile(), [...stub.variables]]).toEqual(before);
  expect(output).not.toMatch(/MARKED|"d":/);
}, 300_000);

test("pushes the backend by the official CLI, to the end", async () => {
  const { code, output } = await setup(FLAGS.filter((flag) => flag !== "--no-push"));
  expect(code, output).toBe(0);
  expect(stub.finished()).toBe(1);
  expect(output).toContain("Pushed.");
  // The CLI writes addresses down under names of its own, unless it finds others.
  expect(Object.keys(parse(await envFile())).filter((name) => name.startsWith("VITE"))).toEqual([]);
}, 300_000);

test("a failing push is named, without a secret or a stack trace", async () => {
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

test("a wrong admin key is named, unsaid", async () => {
  const { code, output } = await setup(FLAGS, {
    CONVEX_SELF_HOSTED_ADMIN_KEY: "MARKED-wrong-key",
  });
  expect(code).toBe(1);
  expect(parse(await envFile()).CONVEX_SELF_HOSTED_ADMIN_KEY).toBe(ADMIN_KEY);
  expect(output).toContain("CONVEX_SELF_HOSTED_ADMIN_KEY");
  expect(output).not.toMatch(/MARKED|^\s+at .*:\d+:\d+/m);
}, 300_000);

test("a key the deployment doesn't know is added only when that is allowed, beside the others", async () => {
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

test("rotate: the old key and the new one are accepted until the old one is taken away", async () => {
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

test("rotate takes nothing away when the deployment doesn't hold this machine's key, or another key counts here", async () => {
  const { privateKeyEnv } = await makeKeyPair("admin");
  const set = stub.variables.get("ADMIN_JWKS");
  const file = await envFile();
  const elsewhere = await setup(["rotate", "admin"], { ADMIN_KEY: privateKeyEnv });
  await mergeEnvFile(join(project, ".env.local"), { ADMIN_KEY: privateKeyEnv });
  const foreign = await setup(["rotate", "admin", "--finish"]);
  await writeFile(join(project, ".env.local"), file);
  expect([elsewhere.code, foreign.code]).toEqual([1, 1]);
  expect(elsewhere.output).toMatch(/ADMIN_KEY is set in the environment/);
  expect(foreign.output).toMatch(/nothing was taken away/);
  expect(stub.variables.get("ADMIN_JWKS")).toBe(set);
}, 300_000);

test("rotate does not turn a platform on that is off", async () => {
  const [file, before] = [await envFile(), [...stub.variables]];
  const { code, output } = await setup(["rotate", "slack"]);
  expect(code).toBe(1);
  expect(output).toMatch(/slack is off here.*npm run setup turns it on/);
  expect([await envFile(), [...stub.variables]]).toEqual([file, before]);
}, 300_000);

test("another Convex than the one chosen here is refused, with the lines that choose it", async () => {
  const [file, before] = [await envFile(), [...stub.variables]];
  const { code, output } = await setup(["--no-input", "--convex", "cloud"]);
  expect(code).toBe(1);
  expect(output).toMatch(/self-hosted here, not cloud.*take.*CONVEX_SELF_HOSTED_URL.*CONVEX_URL/);
  expect([await envFile(), [...stub.variables]]).toEqual([file, before]);
}, 300_000);

test("an address with a slash at its end is written down without it; one that is none is wrong usage", async () => {
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
  for (const { output } of wrong) expect(output).toMatch(/It is (?:not an http|empty)/);
}, 300_000);

test("settings that can't be read are named by every command, with the step and without a trace", async () => {
  const path = join(project, ".env.local");
  await rename(path, `${path}.aside`);
  // Root reads every file, so something else that can't be read: a folder.
  await mkdir(path);
  const ended = await Promise.all(
    [
      ["scripts/cli/setup/setup.ts", "--no-input"],
      ["scripts/start.ts"],
      ["scripts/cli/channels/channels.ts", "list"],
      ["scripts/cli/channels/channels.ts", "find", "discord"],
      ["scripts/cli/doctor/doctor.ts"],
    ].map((command) => node(command)),
  );
  await rmdir(path);
  await rename(`${path}.aside`, path);
  for (const { code, output } of ended) {
    expect(code, output).toBe(1);
    expect(output).toMatch(/\.env\.local can't be read by this user \(EISDIR\).*chown/s);
    expect(output).not.toMatch(/^\s+at .*:\d+/m);
  }
  expect(ended.at(-1)?.output).toContain("FAIL  Settings:");
}, 300_000);

test("a key that can't be read is never replaced by a new one", async () => {
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

test("the deployment's AI key stays, whatever this machine's environment has", async () => {
  const { code, output } = await setup(FLAGS, { OPENAI_API_KEY: "sk-MARKED-of-another-project" });
  expect(code, output).toBe(0);
  expect(stub.variables.get("OPENAI_API_KEY")).toBe(SECRETS.OPENAI_API_KEY);
  expect(output).toContain("the deployment's own stays");
  expect(output).not.toContain("MARKED");
}, 300_000);

test("a token that can't be one stops it, unsaid", async () => {
  const { code, output } = await setup([...FLAGS.slice(0, -1), "slack"], {
    SLACK_BOT_TOKEN: "MARKED not a token",
    SLACK_APP_TOKEN: "xapp-1",
  });
  expect(code).toBe(1);
  expect(output).toMatch(/SLACK_BOT_TOKEN has spaces.*OAuth & Permissions/);
  expect(output).not.toContain("MARKED");
}, 300_000);

test("with nobody to ask, what is missing is named with the way to say it", async () => {
  const env = { DISCORD_BOT_TOKEN: SECRETS.DISCORD_BOT_TOKEN };
  const saved = await envFile();
  await writeFile(join(project, ".env.local"), "");
  const where = await setup(["--no-input"], env);
  const address = await setup(["--no-input", "--convex", "self-hosted"], env);
  const adminKey = await setup(
    ["--no-input", "--convex", "self-hosted", "--self-hosted-url", stub.url],
    env,
  );
  await writeFile(join(project, ".env.local"), saved);
  expect([where, address, adminKey].map(({ code }) => code)).toEqual([1, 1, 1]);
  expect(where.output).toContain("--help");
  expect(address.output).toContain("--self-hosted-url");
  expect(adminKey.output).toContain("CONVEX_SELF_HOSTED_ADMIN_KEY");
}, 300_000);
