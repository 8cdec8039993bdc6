import { once } from "node:events";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { BuiltImage } from "../support/containers/built_image.ts";
import { eventually } from "../support/eventually.ts";

/* What the Dockerfile builds, run without Docker: from a folder that can't be written, as another user. */

let image: BuiltImage;
let stack: Stack;

beforeAll(async () => {
  [image, stack] = await Promise.all([BuiltImage.build(), startStack()]);
});

afterAll(async () => {
  await Promise.all([image.remove(), stack.stop()]);
});

test("the image holds the compiled bridge and nothing else", async () => {
  const files = await image.files();
  expect(files).toContain("dist/container.mjs");
  expect(files.filter((file) => !/^dist\/[\w-]+\.mjs$/.test(file))).toEqual([]);
});

test("the bridge connects, says that it is healthy, changes no file, and ends at SIGTERM", async () => {
  const env = { ...stack.bridgeEnv(), HEALTH_PORT: String(await freePort()) };
  const before = await image.files();
  expect(await image.checkHealth(env)).toBe(1);
  const bridge = image.start(env);
  const ended = once(bridge, "exit");
  const log = text(bridge.stdout);
  try {
    const response = await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${env.HEALTH_PORT}/healthz`);
      expect(answer.status).toBe(200);
      return answer;
    });
    expect(await response.json()).toMatchObject({
      ok: true,
      platforms: { discord: "ready", slack: "ready" },
    });
    expect(await image.checkHealth(env)).toBe(0);
  } finally {
    bridge.kill("SIGTERM");
  }
  expect(await ended).toEqual([0, null]);
  expect(await log).toContain('"msg":"stopping"');
  expect(await image.files()).toEqual(before);
  expect(await image.checkHealth(env)).toBe(1);
});

test.each([
  ["nothing", {}, "error: no platform is configured."],
  ["half of a platform", { DISCORD_BOT_TOKEN: "a" }, "error: DISCORD_BRIDGE_KEY is not set."],
])("with %s configured it ends with one line that says what to do", async (_, env, line) => {
  const bridge = image.start(env);
  const [errors, [code]] = await Promise.all([text(bridge.stderr), once(bridge, "exit")]);
  expect(errors).toContain(line);
  expect(code).toBe(1);
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
