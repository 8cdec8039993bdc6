import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { loadConfig, PLATFORM_SETTINGS } from "../../bridges/config/config.ts";
import type { SettingName } from "../../bridges/config/settings.ts";
import manifest from "../../package.json" with { type: "json" };
import { mergeEnvText } from "../../scripts/cli/setup/env_file.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { newKey } from "../support/core_material.ts";
import { commandOf, isIgnored, parseDockerfile } from "../support/containers/dockerfile.ts";
import { brokenRules } from "../support/containers/dockerfile_rules.ts";

/* The files that describe the container and where to run it. container_run.test.ts runs what the Dockerfile builds. */

const read = (name: string) => readFile(join(ROOT, name), "utf8");

/** Every setting of the bridge: true if it can be given to a container. */
const SETTINGS: Record<SettingName, boolean> = {
  CONVEX_URL: true,
  DISCORD_BOT_TOKEN: true,
  DISCORD_BRIDGE_KEY: true,
  DISCORD_SHARDS: true,
  SLACK_BOT_TOKEN: true,
  SLACK_APP_TOKEN: true,
  SLACK_BRIDGE_KEY: true,
  LOG_LEVEL: true,
  HEALTH_PORT: true,
  // The admin's, and of tests.
  ADMIN_KEY: false,
  DISCORD_API_URL: false,
  SLACK_API_URL: false,
};
const ALLOWED = Object.entries(SETTINGS)
  .filter(([, isAllowed]) => isAllowed)
  .map(([name]) => name);
const SECRETS: string[] = Object.values(PLATFORM_SETTINGS).flat();
const NEEDED = ["CONVEX_URL", ...SECRETS];

/** A shutdown takes the bridge up to ten seconds. */
const SHUTDOWN_SECONDS = 10;

describe("Dockerfile", () => {
  const rulesBrokenBy = async (text: string) =>
    brokenRules(text, {
      ignoreFile: await read(".dockerignore"),
      oldestNode: manifest.engines.node.replace(">=", ""),
      exists: (path) => existsSync(join(ROOT, path)),
    });

  test("breaks no rule", async () => {
    expect(await rulesBrokenBy(await read("Dockerfile"))).toEqual([]);
  });

  test.each([
    [/^USER .*$/m, "", "runs as root"],
    [/^USER .*$/m, "USER 0:0", "runs as root"],
    [/^HEALTHCHECK[^]*?\n {2}CMD .*$/m, "", "HEALTHCHECK does not run node"],
    [/node:[\w.-]+ AS/, "node AS", "node names no version"],
    [/node:[\w.-]+ AS/, "node:latest AS", "node:latest names no version"],
    [/node:[\w.-]+ AS/, "node:20.18-slim AS", "node:20.18-slim is older than Node 20.19"],
    [/node:[\w.-]+ AS/, "node:slim AS", "node:slim names no version of Node"],
    [/^ENV .*$/m, "ENV SLACK_BOT_TOKEN=xoxb-1", "ENV SLACK_BOT_TOKEN=xoxb-1 is a secret"],
    [/^ENV .*$/m, "ARG DISCORD_BRIDGE_KEY", "ARG DISCORD_BRIDGE_KEY is a secret"],
    [/COPY convex /, "COPY nowhere ", "COPY nowhere: there is no such path"],
    [/COPY convex /, "COPY docs ", "COPY docs: .dockerignore keeps it out"],
    [/COPY convex .*$/m, "COPY . .", "COPY . copies whatever there is"],
    [/COPY convex /, "ADD convex ", "ADD can fetch: use COPY"],
    [/ --omit=dev/, "", "npm ci --ignore-scripts installs development packages, or other versions"],
    [/^CMD \[.*$/m, "CMD node dist/container.mjs", "CMD does not run node"],
    [/^USER/m, "RUN curl -O https://example.com/x\nUSER", "RUN needs curl or wget"],
    [/(AS build\nWORKDIR) \/app/, "$1 /src", "the stages work in different folders"],
  ])("a rule notices when %s becomes %j", async (pattern, replacement, broken) => {
    const text = await read("Dockerfile");
    const changed = text.replace(pattern, replacement);
    expect(changed).not.toBe(text);
    expect(await rulesBrokenBy(changed)).toContain(broken);
  });

  test("starts the bridge with the options of `npm start`", async () => {
    const options = (words: readonly string[]) => words.filter((word) => word.startsWith("--"));
    const final = parseDockerfile(await read("Dockerfile")).at(-1);
    const command = final && commandOf(final, "CMD");
    expect(options(command ?? [])).toEqual(
      options(manifest.scripts.start.split(" ")).filter((option) => option !== "--compiled"),
    );
  });

  test.each([".env", ".env.local", ".git/config", "node_modules/convex/package.json", "docs/a.md"])(
    "%s never reaches the build",
    async (path) => {
      expect(isIgnored(await read(".dockerignore"), path)).toBe(true);
    },
  );
});

const service = z.looseObject({
  image: z.string().optional(),
  build: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.unknown()).default({}),
});
const composeFile = z.looseObject({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.unknown()),
});

test("the command that gives the settings to Fly.io gives them without their quotation marks", async () => {
  const key = JSON.stringify(newKey().signing);
  const token = { CONVEX_URL: "https://x.convex.cloud", DISCORD_BOT_TOKEN: "a.b-c" };
  const settings = { ...token, SLACK_BRIDGE_KEY: key };
  const file = mergeEnvText("", { ...settings, ADMIN_KEY: key });
  const command = /^(grep .*) \| fly secrets import/m.exec(await read("docs/running.md"))?.[1];
  const script = command?.replace(" .env.local", "") ?? "";
  const given = execFileSync("sh", ["-c", script], { input: file, encoding: "utf8" });
  // It takes lines of NAME=VALUE, and no quotation marks but double ones off:
  // https://github.com/superfly/flyctl/blob/master/internal/command/secrets/parser.go
  const secrets = given.trimEnd().split("\n");
  const pairs = secrets.map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? []);
  expect(Object.fromEntries(pairs)).toEqual(settings);
});

describe("compose.yaml", () => {
  const compose = async () => composeFile.parse(parseYaml(await read("compose.yaml")));
  const serviceOf = async (name: string) => service.parse((await compose()).services[name]);

  /** What Compose puts in place of `${NAME:-default}`. */
  const filledIn = (text: string, values: Readonly<Record<string, string>>) =>
    text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, otherwise?: string) => {
      const value = values[name] ?? "";
      return value === "" ? (otherwise ?? "") : value;
    });

  test("gives the bridge only settings that it knows, and each that it needs", async () => {
    const { environment } = await serviceOf("bridge");
    const names = Object.keys(environment);
    expect(names.filter((name) => !ALLOWED.includes(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(NEEDED));
    for (const name of SECRETS) expect(environment[name]).toBe(`\${${name}:-}`);
  });

  test.each([["discord"], ["slack"]] as const)(
    "the bridge accepts what it gives for %s",
    async (platform) => {
      const key = JSON.stringify(newKey().signing);
      const samples: Record<string, string> = {
        CONVEX_URL: "http://127.0.0.1:3210",
        DISCORD_BOT_TOKEN: "discord-token",
        DISCORD_BRIDGE_KEY: key,
        SLACK_BOT_TOKEN: "xoxb-1",
        SLACK_APP_TOKEN: "xapp-1",
        SLACK_BRIDGE_KEY: key,
      };
      const set = [...PLATFORM_SETTINGS[platform], "CONVEX_URL"];
      const values = Object.fromEntries(set.map((name) => [name, samples[name] ?? ""]));
      const { environment } = await serviceOf("bridge");
      const env = Object.fromEntries(
        Object.entries(environment).map(([name, text]) => [name, filledIn(text, values)]),
      );
      // Not the address of the machine that .env.local names: in a container that is the container itself.
      expect(loadConfig(env)).toMatchObject({
        kind: "bridges",
        convexUrl: "http://backend:3210",
        [platform]: {},
      });
    },
  );

  test("the bridge can't write, gain rights, or be killed before it has ended", async () => {
    expect(await serviceOf("bridge")).toMatchObject({
      build: ".",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      restart: "unless-stopped",
    });
    const { stop_grace_period: grace } = await serviceOf("bridge");
    expect(Number(/^(\d+)s$/.exec(String(grace))?.[1])).toBeGreaterThan(SHUTDOWN_SECONDS);
  });

  test("Convex and its dashboard are of one fixed version", async () => {
    const images = [(await serviceOf("backend")).image, (await serviceOf("dashboard")).image];
    const versions = images.map((image) => {
      const [, name, version] = /^ghcr\.io\/get-convex\/([\w-]+):(.+)$/.exec(image ?? "") ?? [];
      return { name, version: filledIn(version ?? "", {}) };
    });
    expect(versions.map(({ name }) => name)).toEqual(["convex-backend", "convex-dashboard"]);
    expect(versions[0]?.version).toMatch(/^[0-9a-f]{40}$/);
    expect(versions[1]?.version).toBe(versions[0]?.version);
  });

  test("names only settings that Convex's images read", async () => {
    // https://github.com/get-convex/convex-backend/blob/main/self-hosted/docker/docker-compose.yml
    const names = async (name: string) => Object.keys((await serviceOf(name)).environment);
    expect(await names("backend")).toEqual(["CONVEX_CLOUD_ORIGIN", "CONVEX_SITE_ORIGIN"]);
    expect(await names("dashboard")).toEqual(["NEXT_PUBLIC_DEPLOYMENT_URL"]);
  });

  test("opens ports to this machine only, and refers to what it defines", async () => {
    const { services, volumes } = await compose();
    const all = Object.values(services);
    const ports = all.flatMap(({ ports: each }) => each);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
    const mounted = all.flatMap(({ volumes: each }) => each).map((mount) => mount.split(":")[0]);
    expect(mounted).toEqual(Object.keys(volumes));
    const others = all.flatMap(({ depends_on }) => Object.keys(depends_on));
    expect(others.filter((name) => !(name in services))).toEqual([]);
  });
});

test("fly.toml stops the bridge in time and expects no address of it", async () => {
  const file = parseToml(await read("fly.toml"));
  expect(file).toMatchObject({ kill_signal: "SIGTERM", build: { dockerfile: "Dockerfile" } });
  expect(Number(file.kill_timeout)).toBeGreaterThan(SHUTDOWN_SECONDS);
  for (const name of ["services", "http_service", "checks"]) expect(file).not.toHaveProperty(name);
  const set = Object.keys(file.env ?? {});
  expect(set.filter((name) => !ALLOWED.includes(name) || SECRETS.includes(name))).toEqual([]);
});

test("render.yaml runs a worker, asks for every secret, and stops the bridge in time", async () => {
  const blueprint = z.object({
    services: z.tuple([
      z.looseObject({
        type: z.literal("worker"),
        runtime: z.literal("docker"),
        dockerfilePath: z.literal("./Dockerfile"),
        maxShutdownDelaySeconds: z.number().gt(SHUTDOWN_SECONDS),
        envVars: z.array(
          z.union([
            z.strictObject({ key: z.string(), sync: z.literal(false) }),
            z.strictObject({ key: z.literal("LOG_LEVEL"), value: z.string() }),
          ]),
        ),
      }),
    ]),
  });
  const { envVars } = blueprint.parse(parseYaml(await read("render.yaml"))).services[0];
  const names = envVars.map(({ key }) => key);
  expect(names).toEqual(expect.arrayContaining(NEEDED));
  expect(names.filter((name) => !ALLOWED.includes(name))).toEqual([]);
});

test("railway.json builds the Dockerfile and stops the bridge in time", async () => {
  const file: unknown = JSON.parse(await read("railway.json"));
  // A number, though Railway's documentation shows text: https://github.com/railwayapp/docs/issues/1243
  const deploy = z.looseObject({ drainingSeconds: z.number().gt(SHUTDOWN_SECONDS) });
  const config = z.object({
    $schema: z.url(),
    build: z.object({
      builder: z.literal("DOCKERFILE"),
      dockerfilePath: z.literal("Dockerfile"),
    }),
    deploy,
  });
  expect(() => config.parse(file)).not.toThrow();
});
