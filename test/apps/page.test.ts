import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer, type ViteDevServer } from "vite";
import { findChromium, launchChromium } from "../../scripts/playground/page/chromium.ts";
import { openPlayground, type Playground } from "../../scripts/playground/page/playground.ts";
import { eventually } from "../support/eventually.ts";
import type { ProjectCopy } from "../support/project_copy.ts";
import { projectWith } from "./snippets.ts";

/* The first steps of docs/apps.md, in a browser: the example app beside the playground. */

const chromium = findChromium();

let copy: ProjectCopy;
let playground: Playground;
let app: ViteDevServer;

describe.skipIf(chromium === undefined)("the example app", () => {
  beforeAll(async () => {
    copy = await projectWith("convex/access.ts (everybody)", "app/index.html", "app/main.tsx");
    // As `npx vite app` does, but at a port that is free here, like the playground's.
    app = await createServer({
      root: join(copy.path, "app"),
      configFile: false,
      logLevel: "error",
      server: { port: 0, host: "127.0.0.1" },
    });
    await app.listen();
    playground = await openPlayground({
      functionsDir: join(copy.path, "convex"),
      thinkMs: 0,
      appPort: Number(new URL(address()).port),
    });
    const main = join(copy.path, "app", "main.tsx");
    const text = await readFile(main, "utf8");
    await writeFile(main, text.replace("http://127.0.0.1:5173/", playground.page.url));
  });
  afterAll(async () => {
    await playground.stop();
    await app.close();
    await copy.remove();
  });

  test("shows the playground's channel live, and posts to both platforms", async () => {
    const browser = await launchChromium(chromium ?? "");
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    try {
      await page.goto(address());
      await page.getByRole("heading", { name: "#general" }).waitFor();
      const { stack, channels } = playground;
      const { channel, person } = channels.discord;
      stack.discord.say({ channel, person, text: "hello app" });
      await page.getByRole("paragraph").filter({ hasText: "You (discord): hello app" }).waitFor();
      await page.getByLabel("Message").fill("hello platforms");
      await page.getByRole("button", { name: "Send" }).click();
      await page
        .getByRole("paragraph")
        .filter({ hasText: "Ann (person): hello platforms" })
        .waitFor();
      for (const platform of ["discord", "slack"] as const) {
        await eventually(() => {
          const seen = stack.chat(platform).transcript(channels[platform].channel);
          const own = seen.filter(({ author }) => author === "Ann").map(({ text }) => text);
          expect(own).toEqual(["hello platforms"]);
        });
      }
      // What is refused is said, and comes back.
      const said: string[] = [];
      page.on("dialog", (dialog) => {
        said.push(dialog.message());
        void dialog.accept();
      });
      const tooLong = "x".repeat(8_001);
      await page.getByLabel("Message").fill(tooLong);
      await page.getByRole("button", { name: "Send" }).click();
      await eventually(() => expect(said).toEqual([expect.stringContaining("8000 bytes")]));
      const line = page.getByLabel("Message");
      await eventually(async () => expect(await line.inputValue()).toBe(tooLong));
      await line.fill("shorter");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByRole("paragraph").filter({ hasText: "Ann (person): shorter" }).waitFor();
      await eventually(async () => expect(await line.inputValue()).toBe(""));
      expect(errors).toEqual([]);
      // A browser first asks whether the token may be sent there.
      const answered = await page.evaluate(async (connectAt) => {
        const { siteUrl, token } = (await (await fetch(connectAt)).json()) as Record<
          string,
          string
        >;
        const headers = { authorization: `Bearer ${token ?? ""}` };
        const answer = await fetch(`${siteUrl ?? ""}/files/none`, { headers });
        return [answer.status, await answer.text()];
      }, `${playground.page.url}api/app`);
      expect(answered).toEqual([404, "Not found"]);
    } finally {
      await browser.close();
    }
  });
});

function address(): string {
  const [url] = app.resolvedUrls?.local ?? [];
  if (url === undefined) throw new Error("Vite does not listen");
  return url;
}
