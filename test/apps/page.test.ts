import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "vite";
import { findChromium, launchChromium } from "../../scripts/playground/page/chromium.ts";
import { openPlayground, type Playground } from "../../scripts/playground/page/playground.ts";
import { eventually } from "../support/eventually.ts";
import type { ProjectCopy } from "../support/project_copy.ts";
import { projectWith } from "./snippets.ts";

/* The first steps of docs/apps.md, in a browser: the example app beside the playground. */

const chromium = findChromium();
const APP = "http://localhost:5180";

let copy: ProjectCopy;
let playground: Playground;

beforeAll(async () => {
  copy = await projectWith(
    "convex/access.ts (everybody)",
    "app/index.html",
    "app/connect.ts (playground)",
    "app/main.tsx",
  );
  playground = await openPlayground({ functionsDir: join(copy.path, "convex"), thinkMs: 0 });
  // The document's port may be taken here.
  const connect = join(copy.path, "app", "connect.ts");
  const text = await readFile(connect, "utf8");
  await writeFile(connect, text.replace("http://127.0.0.1:5173/", playground.page.url));
});
afterAll(async () => {
  await playground.stop();
  await copy.remove();
});

/** The files that `npx vite build app` makes, by path. */
async function built(): Promise<Map<string, string>> {
  const result = await build({
    root: join(copy.path, "app"),
    configFile: false,
    logLevel: "error",
    build: { write: false },
  });
  if (!("output" in result)) throw new Error("one build was asked for");
  const files = result.output.map((file) => {
    const text = file.type === "chunk" ? file.code : String(file.source);
    return [`/${file.fileName}`, text] as const;
  });
  return new Map(files);
}

test.skipIf(chromium === undefined)(
  "shows the playground's channel live, and posts to both platforms",
  async () => {
    const files = await built();
    const browser = await launchChromium(chromium ?? "");
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.route(`${APP}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      const path = pathname === "/" ? "/index.html" : pathname;
      const contentType = path.endsWith(".js") ? "text/javascript" : "text/html";
      await route.fulfill({ body: files.get(path) ?? "", contentType });
    });
    try {
      await page.goto(APP);
      await page.getByRole("heading", { name: "#general" }).waitFor();
      const { stack, channels } = playground;
      const { channel, person } = channels.discord;
      stack.discord.say({ channel, person, text: "hello app" });
      await page.getByRole("listitem").filter({ hasText: "You (discord): hello app" }).waitFor();
      await page.getByLabel("Message").fill("hello platforms");
      await page.getByRole("button", { name: "Send" }).click();
      await page
        .getByRole("listitem")
        .filter({ hasText: "Ann (person): hello platforms" })
        .waitFor();
      for (const platform of ["discord", "slack"] as const) {
        await eventually(() => {
          const seen = stack.chat(platform).transcript(channels[platform].channel);
          const own = seen.filter(({ author }) => author === "Ann").map(({ text }) => text);
          expect(own).toEqual(["hello platforms"]);
        });
      }
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
