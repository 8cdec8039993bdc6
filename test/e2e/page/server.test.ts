import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { findChromium } from "../../../scripts/playground/page/chromium.ts";
import {
  chooseAi,
  openPlayground,
  type Playground,
} from "../../../scripts/playground/page/playground.ts";
import { servePage } from "../../../scripts/playground/page/server/page_server.ts";

/* Whom the server of the playground's page answers. */

let playground: Playground;

beforeAll(async () => {
  playground = await openPlayground({ thinkMs: 700 });
}, 60_000);

afterAll(async () => {
  await playground.stop();
});

test("with CI=true the browser tests are never skipped", () => {
  expect(process.env.CI === "true" && findChromium() === undefined).toBe(false);
});

test("with a key in the env files the AI is the real one, otherwise the stand-in, whatever else is set", () => {
  expect(chooseAi({ OPENAI_MODEL: "m", OPENAI_BASE_URL: "https://ai.example" })).toEqual({
    ai: { real: false, model: "stand-in" },
    env: {},
  });
  expect(chooseAi({ OPENAI_API_KEY: "sk-x", DISCORD_BOT_TOKEN: "t" })).toEqual({
    ai: { real: true, model: "gpt-4o" },
    env: { OPENAI_API_KEY: "sk-x", OPENAI_BASE_URL: "", OPENAI_MODEL: "" },
  });
});

test("a second page takes the next free port", async () => {
  const port = Number(new URL(playground.page.url).port);
  const { controller, stack } = playground;
  const { adminKey, convex } = stack;
  const second = await servePage({
    ...{ controller, adminKey, convexUrl: convex.url, siteUrl: convex.siteUrl },
    ...{ port, files: new Map() },
    app: { port: 5180, token: () => stack.appToken("Ann") },
  });
  expect(Number(new URL(second.url).port)).toBeGreaterThan(port);
  await second.close();
});

describe("the page's server answers only its own page", () => {
  const call = (path: string, headers: Record<string, string>, method = "POST") =>
    new Promise<number>((resolve, reject) => {
      const request = httpRequest(new URL(path, playground.page.url), { method, headers });
      request.on("error", reject);
      request.on("response", (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      request.end();
    });
  const own = () => new URL(playground.page.url).origin;

  test("a token needs the page's own origin", async () => {
    expect(await call("/api/token", { origin: own() })).toBe(200);
    expect(await call("/api/token", {})).toBe(403);
    expect(await call("/api/token", { origin: "http://evil.example" })).toBe(403);
    expect(await call("/api/token", { origin: own() }, "GET")).toBe(404);
  });

  test("an app of one's own needs the origin that docs/apps.md gives it, and gets no admin's token", async () => {
    const app = "http://localhost:5180";
    expect(await call("/api/app", { origin: app }, "GET")).toBe(200);
    expect(await call("/api/app", { origin: app })).toBe(403);
    expect(await call("/api/app", { origin: own() })).toBe(200);
    expect(await call("/api/app", {}, "GET")).toBe(403);
    expect(await call("/api/app", { origin: "http://evil.example" }, "GET")).toBe(403);
    expect(await call("/api/token", { origin: app })).toBe(403);
    expect(await call("/", { origin: app }, "GET")).toBe(403);
  });

  test("a host name that merely resolves to this machine gets nothing", async () => {
    const host = `evil.example:${new URL(playground.page.url).port}`;
    expect(await call("/", { host }, "GET")).toBe(403);
    expect(await call("/api/token", { host, origin: own() })).toBe(403);
    expect(await call("/", {}, "GET")).toBe(200);
  });

  test("another page can't open the command socket", async () => {
    const dial = (origin?: string) =>
      new Promise<string>((resolve) => {
        const url = new URL("/api/live", playground.page.url.replace(/^http/, "ws"));
        const socket = new WebSocket(url, origin === undefined ? {} : { origin });
        socket.on("error", () => resolve("refused"));
        socket.on("open", () => {
          socket.close();
          resolve("open");
        });
      });
    expect(await dial(own())).toBe("open");
    expect(await dial("http://evil.example")).toBe("refused");
    expect(await dial()).toBe("refused");
  });
});
