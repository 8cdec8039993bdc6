import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadAdminConfig, loadConfig, readEnv, secretsOf } from "./config.ts";
import { readEnvFiles, UnreadableSettings } from "./env_files.ts";
import { newKey } from "../../test/support/core_material.ts";

const { signing } = newKey();
const key = JSON.stringify(signing);
const DISCORD = { DISCORD_BOT_TOKEN: "discord-token", DISCORD_BRIDGE_KEY: key };
const SLACK = {
  SLACK_BOT_TOKEN: "xoxb-secret",
  SLACK_APP_TOKEN: "xapp-secret",
  SLACK_BRIDGE_KEY: key,
};
const CONVEX_URL = "https://happy-animal-123.convex.cloud";

function problemsOf(env: Record<string, string>): string[] {
  const config = loadConfig(env);
  if (config.kind !== "invalid") throw new Error(`expected problems, got ${config.kind}`);
  return config.problems.map(({ name, problem }) => `${name} ${problem}`);
}

describe("what to run", () => {
  test.each([
    ["nothing is set", {}],
    ["only CONVEX_URL is set", { CONVEX_URL }],
    ["only addresses are set", { DISCORD_API_URL: "http://127.0.0.1:1" }],
    ["the platforms' variables are empty", { DISCORD_BOT_TOKEN: "", SLACK_BOT_TOKEN: "  " }],
  ])("is the playground when %s", (_, env) => {
    expect(loadConfig(env)).toEqual({ kind: "playground", logLevel: "info" });
  });

  test("is one platform if only that one is configured", () => {
    const config = loadConfig({ CONVEX_URL, ...DISCORD, LOG_LEVEL: "warn" });
    expect(config).toMatchObject({
      kind: "bridges",
      convexUrl: CONVEX_URL,
      logLevel: "warn",
      discord: { platform: { botToken: "discord-token" }, key: signing },
    });
    expect(config).not.toHaveProperty("slack");
  });

  test("is both platforms, at other addresses if they are set", () => {
    const addresses = {
      DISCORD_API_URL: "http://127.0.0.1:1/api",
      SLACK_API_URL: "http://127.0.0.1:2/",
    };
    expect(loadConfig({ CONVEX_URL, ...DISCORD, ...SLACK, ...addresses })).toMatchObject({
      discord: { platform: { apiUrl: "http://127.0.0.1:1/api" } },
      slack: { platform: { apiUrl: "http://127.0.0.1:2/", appToken: "xapp-secret" } },
    });
  });
});

describe("problems", () => {
  test("are all reported at once", () => {
    expect(problemsOf({ DISCORD_BOT_TOKEN: "a", SLACK_APP_TOKEN: "b", LOG_LEVEL: "loud" })).toEqual(
      [
        "LOG_LEVEL is not one of trace, debug, info, warn, error, fatal, silent",
        "CONVEX_URL is not set",
        "DISCORD_BRIDGE_KEY is not set",
        "SLACK_BOT_TOKEN is not set",
        "SLACK_APP_TOKEN does not start with xapp-",
        "SLACK_BRIDGE_KEY is not set",
      ],
    );
  });

  test.each(Object.keys({ CONVEX_URL, ...DISCORD, ...SLACK }))(
    "name %s if it is missing",
    (name) => {
      expect(problemsOf({ CONVEX_URL, ...DISCORD, ...SLACK, [name]: "" })).toEqual([
        `${name} is not set`,
      ]);
    },
  );

  test.each([
    ["not JSON", "secret-value"],
    ["a public key", JSON.stringify({ ...signing, d: undefined })],
    ["without kid", JSON.stringify({ ...signing, kid: undefined })],
    ["not on the curve", JSON.stringify({ ...signing, x: newKey().signing.x })],
    ["of another curve", JSON.stringify({ ...signing, crv: "P-384" })],
  ])("name a key that is %s, and do not print it", (_, value) => {
    const config = loadConfig({ CONVEX_URL, ...DISCORD, DISCORD_BRIDGE_KEY: value });
    expect(config).toMatchObject({
      kind: "invalid",
      problems: [
        {
          name: "DISCORD_BRIDGE_KEY",
          problem: expect.stringContaining("not a private") as unknown,
        },
      ],
    });
    expect(JSON.stringify(config)).not.toContain("secret-value");
    expect(JSON.stringify(config)).not.toContain(signing.d);
  });

  test("name an invalid address, and a token pasted with a line break", () => {
    expect(
      problemsOf({ ...DISCORD, CONVEX_URL: "happy-animal", DISCORD_BOT_TOKEN: "a\nb" }),
    ).toEqual([
      "CONVEX_URL is not an http or https address",
      "DISCORD_BOT_TOKEN has spaces or line breaks in it",
    ]);
  });
});

test.each(["“discord-token”", "discord\u200btoken"])("the token %j is refused", (token) => {
  expect(loadConfig({ CONVEX_URL, ...DISCORD, DISCORD_BOT_TOKEN: token })).toMatchObject({
    problems: [{ problem: expect.stringContaining("signs in it") as unknown }],
  });
});

test.each(["CONVEX_URL", "DISCORD_API_URL", "SLACK_API_URL"])(
  "a password in %s is refused and not printed",
  (name) => {
    const env = { CONVEX_URL, ...DISCORD, ...SLACK, [name]: "https://ann:s3cret@host.example/" };
    const config = loadConfig(env);
    expect(config).toMatchObject({
      kind: "invalid",
      problems: [{ name, problem: expect.stringContaining("password") as unknown }],
    });
    expect(JSON.stringify(config)).not.toContain("s3cret");
  },
);

describe("settings of the admin commands", () => {
  test("are none if nothing is configured", () => {
    expect(loadAdminConfig({})).toEqual({ kind: "none" });
  });

  test("need the address and the key", () => {
    const named = (env: Record<string, string>) => {
      const config = loadAdminConfig(env);
      return config.kind === "invalid" ? config.problems.map(({ name }) => name) : config.kind;
    };
    expect(named({ ADMIN_KEY: key })).toEqual(["CONVEX_URL"]);
    expect(named({ CONVEX_URL, ...DISCORD })).toEqual(["ADMIN_KEY"]);
    expect(named({ CONVEX_URL, ADMIN_KEY: key })).toBe("admin");
  });
});

test("the process environment overrides .env.local, which overrides .env", () => {
  const root = mkdtempSync(join(tmpdir(), "config-"));
  writeFileSync(join(root, ".env"), "A=env\nB=env\nC=env\n");
  writeFileSync(join(root, ".env.local"), "A=local\nB=local\n");
  const before = { ...process.env };
  expect(readEnv({ A: "process" }, readEnvFiles(root))).toEqual({
    A: "process",
    B: "local",
    C: "env",
  });
  expect(process.env).toEqual(before);
  expect(readEnvFiles(join(root, "nowhere"))).toEqual({});
});

const SETTINGS = "# résumé 😀\r\nA=1\r\n";
const bigEndian = (text: string) => Buffer.from(text, "utf16le").swap16();

test.each([
  ["UTF-16", Buffer.from(`\ufeff${SETTINGS}`, "utf16le")],
  ["UTF-16, big-endian", bigEndian(`\ufeff${SETTINGS}`)],
  ["UTF-16 without a byte order mark", Buffer.from("A=1\n", "utf16le")],
  ["UTF-16 without a byte order mark, big-endian", bigEndian("A=1\n")],
  ["Latin-1", Buffer.from(SETTINGS, "latin1")],
  ["NULs", Buffer.from("A=1\n\0\0\0\0")],
])("a settings file of %s is named, with the step that fixes it", (_name, bytes) => {
  const root = mkdtempSync(join(tmpdir(), "config-"));
  for (const name of [".env.local", ".env"]) {
    writeFileSync(join(root, name), bytes);
    expect(() => readEnvFiles(root)).toThrow(UnreadableSettings);
    expect(() => readEnvFiles(root)).toThrow(`${name} is not in UTF-8`);
    rmSync(join(root, name));
  }
});

test("a settings file may begin with a byte order mark", () => {
  const root = mkdtempSync(join(tmpdir(), "config-"));
  writeFileSync(join(root, ".env"), `\ufeffA=1\nB=é😀\n`);
  expect(readEnvFiles(root)).toEqual({ A: "1", B: "é😀" });
});

test("a folder in place of a settings file is named", () => {
  const root = mkdtempSync(join(tmpdir(), "config-"));
  mkdirSync(join(root, ".env.local"));
  expect(() => readEnvFiles(root)).toThrow(UnreadableSettings);
  expect(() => readEnvFiles(root)).toThrow(/^\.env\.local is a folder \(EISDIR\)\. /);
});

test("slashes at the end of the deployment's address are removed", () => {
  const config = loadConfig({ CONVEX_URL: `${CONVEX_URL}//`, ...DISCORD });
  expect(config).toMatchObject({ convexUrl: CONVEX_URL });
  expect(loadAdminConfig({ CONVEX_URL: `${CONVEX_URL}/`, ADMIN_KEY: key })).toMatchObject({
    convexUrl: CONVEX_URL,
  });
});

test("every secret of a configuration is passed to the log", () => {
  const config = loadConfig({ CONVEX_URL, ...DISCORD, ...SLACK });
  if (config.kind !== "bridges") throw new Error("expected bridges");
  expect(secretsOf(config)).toEqual(
    expect.arrayContaining(["discord-token", "xoxb-secret", "xapp-secret", signing.d]),
  );
});
