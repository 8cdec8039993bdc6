import { request as httpRequest } from "node:http";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { findChromium, launchChromium } from "../../scripts/playground/page/chromium.ts";
import {
  chooseAi,
  openPlayground,
  type Playground,
} from "../../scripts/playground/page/playground.ts";

import { servePage } from "../../scripts/playground/page/server/page_server.ts";

/* The playground's page, driven in a browser as a person would use it. All tests share one playground. */

const chromium = findChromium();
if (chromium === undefined) {
  console.log("skipped: the page's browser tests, for want of Chromium (apt install chromium)");
}

/** How long something may take to appear, in ms. Generous: machines that run tests are busy. */
const PATIENCE_MS = 20_000;

let playground: Playground;

beforeAll(async () => {
  playground = await openPlayground({ thinkMs: 700 });
}, 60_000);

afterAll(async () => {
  await playground.stop();
});

test("with CI=true the browser tests are never skipped", () => {
  expect(process.env.CI === "true" && chromium === undefined).toBe(false);
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
    expect(await call("/api/app", { origin: app })).toBe(404);
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

describe.skipIf(chromium === undefined)("the page in a browser", () => {
  let page: Page;
  let context: BrowserContext;
  const asked = new Set<string>();
  const errors: string[] = [];

  beforeAll(async () => {
    const browser = await launchChromium(chromium ?? "");
    context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    context.setDefaultTimeout(PATIENCE_MS);
    page = await context.newPage();
    page.on("request", (request) => asked.add(request.url()));
    page.on("websocket", (socket) => asked.add(socket.url()));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(playground.page.url);
  }, 60_000);

  afterAll(async () => {
    await context.browser()?.close();
  });

  const chat = (title: "Discord" | "Slack") =>
    page.getByRole("region", { name: title, exact: true });
  const card = (name: string) => page.getByRole("article", { name: `Convex channel ${name}` });
  const log = (title: "Discord" | "Slack") => chat(title).getByRole("log");
  const row = (name: string, text: string) =>
    card(name).getByRole("listitem").filter({ hasText: text });
  const message = (title: "Discord" | "Slack", text: string) =>
    log(title).getByRole("listitem").filter({ hasText: text });
  const stored = (name: string, title: "Discord" | "Slack", text: string) =>
    row(name, `from ${title}`).filter({ has: page.getByText(text, { exact: true }) });

  async function say(title: "Discord" | "Slack", text: string): Promise<void> {
    const field = chat(title).getByLabel(/^Message /);
    await field.fill(text);
    await field.press("Enter");
  }

  const replyTo = (text: string) => new RegExp(`^You said, [^“]*“${text}”`);
  const answered = async (title: "Discord" | "Slack", name: string, text: string) => {
    await log(title).getByText(replyTo(text)).waitFor();
    await card(name)
      .getByRole("listitem")
      .filter({ hasText: `“${text}”` })
      .getByText(`${title}: sent`, { exact: true })
      .waitFor();
  };
  const count = (of: Locator) => of.count();
  const eventually = async (read: () => Promise<number>, wanted: number) => {
    await expect.poll(read, { timeout: PATIENCE_MS }).toBe(wanted);
  };

  test("what is said on one platform appears on the other, under its author's name, until relaying is off", async () => {
    for (const [title, other] of [
      ["Discord", "Slack"],
      ["Slack", "Discord"],
    ] as const) {
      await chat(title).getByLabel("Write as").selectOption("Grace");
      await say(title, `across from ${title}`);
      const copy = log(other).getByRole("listitem", { name: /^Grace at / });
      await copy.getByText(`across from ${title}`, { exact: true }).waitFor();
      await stored("general", title, `across from ${title}`)
        .getByText(`${other}: sent`, { exact: true })
        .waitFor();
      for (const each of [title, other]) {
        await log(each).getByText(`You said, Grace: “across from ${title}”`).waitFor();
        await answered(each, "general", `across from ${title}`);
      }
      await chat(title).getByLabel("Write as").selectOption("You");
    }
    for (const title of ["Discord", "Slack"] as const) {
      await eventually(() => count(log(title).getByText("You said, Grace: “across")), 2);
      await chat(title).getByLabel("Relay").click();
    }
    await eventually(() => count(card("general").getByText("relay")), 0);
    await say("Slack", "not across");
    await answered("Slack", "general", "not across");
    expect(await count(log("Discord").getByText("not across"))).toBe(0);
  }, 60_000);

  test("a person on each platform is answered, and Convex shows the messages and posts", async () => {
    for (const [title, name] of [
      ["Discord", "general"],
      ["Slack", "general"],
    ] as const) {
      await say(title, `Hello from ${title}`);
      await answered(title, name, `Hello from ${title}`);
      await row(name, `Hello from ${title}`).first().waitFor();
    }
  }, 60_000);

  test("another person replies in a thread, edits and deletes, and Convex follows", async () => {
    for (const [title, name] of [
      ["Discord", "general"],
      ["Slack", "general"],
    ] as const) {
      await chat(title).getByLabel("Write as").selectOption("Ada");
      await say(title, "a question of Ada's");
      await answered(title, name, "a question of Ada's");
      const question = message(title, "a question of Ada's").first();
      await question.hover();
      await question.getByRole("button", { name: "Thread" }).click();
      await say(title, "more in the thread");
      await log(title).getByText(replyTo("more in the thread")).waitFor();
      await row(name, "more in the thread").first().getByText("thread", { exact: true }).waitFor();
      await chat(title).getByRole("button", { name: "Back to #general" }).click();

      await question.hover();
      await question.getByRole("button", { name: "Edit" }).click();
      await log(title).getByLabel("Edit message").fill("a better question");
      await log(title).getByLabel("Edit message").press("Enter");
      await row(name, "a better question").first().getByText("edited").waitFor();

      await say(title, "a mistake");
      await answered(title, name, "a mistake");
      const mistake = message(title, "a mistake").first();
      await mistake.hover();
      await mistake.getByRole("button", { name: "Delete" }).click();
      await row(name, "deleted").first().waitFor();
      await chat(title).getByLabel("Write as").selectOption("You");
    }
  }, 60_000);

  test("a channel is created, mapped, paused, resumed and unmapped", async () => {
    await chat("Discord").getByRole("button", { name: "+ channel" }).click();
    await chat("Discord").getByLabel("Name of the new channel").fill("support");
    await chat("Discord").getByLabel("Name of the new channel").press("Enter");
    await say("Discord", "said before it was mapped");
    await chat("Discord").getByRole("button", { name: "Map", exact: true }).click();
    await card("support").waitFor();
    await say("Discord", "said when mapped");
    await answered("Discord", "support", "said when mapped");

    await chat("Discord").getByLabel("Answer").selectOption("never");
    await card("support").getByText("never").waitFor();
    await say("Discord", "no answer to this");
    await row("support", "no answer to this").waitFor();

    await chat("Discord").getByRole("button", { name: "Pause" }).click();
    await card("support").getByText("paused").waitFor();
    await chat("Discord").getByRole("button", { name: "Resume" }).click();
    await chat("Discord").getByRole("button", { name: "Unmap" }).click();
    await card("support").getByText("unmapped, kept").waitFor();
    expect(await count(row("support", "said before it was mapped"))).toBe(0);
    expect(await count(log("Discord").getByText(replyTo("no answer to this")))).toBe(0);
    await chat("Discord").getByRole("button", { name: "# general" }).click();
  }, 60_000);

  test("a bridge killed while replies are being posted loses and repeats nothing", async () => {
    for (const title of ["Discord", "Slack"] as const) await say(title, "before the end");
    for (const title of ["Discord", "Slack"] as const)
      await stored("general", title, "before the end").waitFor();
    await page.getByRole("button", { name: "Kill the bridge" }).click();
    await page.getByText("bridge stopped").waitFor();
    for (const title of ["Discord", "Slack"] as const) await say(title, "while it is dead");
    await page.getByRole("button", { name: "Start the bridge" }).click();
    await page.getByText("bridge running").waitFor();
    for (const [title, name] of [
      ["Discord", "general"],
      ["Slack", "general"],
    ] as const) {
      // The new bridge can claim what the dead one held only when the lease ends, after 60 s.
      await log(title).getByText(replyTo("while it is dead")).waitFor({ timeout: 90_000 });
      await answered(title, name, "while it is dead");
      await say(title, "after the start");
      await answered(title, name, "after the start");
      for (const text of ["before the end", "while it is dead", "after the start"]) {
        await eventually(() => count(log(title).getByText(replyTo(text))), 1);
        await eventually(() => count(stored(name, title, text)), 1);
      }
    }
  }, 150_000);

  test("a refused post shows as failed, with a way to send it again", async () => {
    await page.getByLabel("Slack’s next post").selectOption("no permission");
    await page.getByRole("button", { name: "Fail Slack's next post" }).click();
    await page.getByText("will fail").waitFor();
    await say("Slack", "this one fails");
    const failed = card("general").getByText("Slack: failed", { exact: true });
    await failed.waitFor();
    await card("general").getByRole("button", { name: "Retry" }).click();
    await answered("Slack", "general", "this one fails");
    await eventually(() => count(failed), 0);
  }, 60_000);

  test("the chat API's two windows share a channel that was never mapped", async () => {
    await page.getByLabel("Message as Ann").fill("hi Bob");
    await page.getByLabel("Message as Ann").press("Enter");
    for (const name of ["Ann", "Bob"]) {
      const own = page.getByRole("article", { name: `${name}'s window` });
      await own.getByText("hi Bob", { exact: true }).waitFor();
      await own.getByText(replyTo("hi Bob")).waitFor();
    }
  }, 60_000);

  test("no request goes to another machine, and the console stays empty", () => {
    const hosts = [...asked].map((url) => new URL(url).hostname);
    expect(asked.size).toBeGreaterThan(4);
    expect([...new Set(hosts)]).toEqual(["127.0.0.1"]);
    expect(errors).toEqual([]);
  });

  test("messages posted while Convex is away arrive when it is back", async () => {
    await page.getByRole("button", { name: "Take Convex offline" }).click();
    await page.getByText("Convex disconnected", { exact: true }).waitFor();
    for (const title of ["Discord", "Slack"] as const) {
      await say(title, "into the void");
      await message(title, "into the void").first().waitFor();
    }
    await page.getByRole("button", { name: "Bring Convex back online" }).click();
    await answered("Discord", "general", "into the void");
    await answered("Slack", "general", "into the void");
  }, 60_000);
});
