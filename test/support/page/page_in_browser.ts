import type { BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { findChromium, launchChromium } from "../../../scripts/playground/page/chromium.ts";
import { openPlayground, type Playground } from "../../../scripts/playground/page/playground.ts";
import { eventually } from "../eventually.ts";

/** The path of an installed browser; the tests of the page are skipped without one. */
export const chromium = findChromium();
if (chromium === undefined) {
  console.log("skipped: the page's browser tests, for want of Chromium (apt install chromium)");
}

/** How long something may take to appear, in ms. Generous: machines that run tests are busy. */
const PATIENCE_MS = 20_000;

export type Title = "Discord" | "Slack";

/** A playground and its page in a browser, for the tests of one file. */
export class PageInBrowser {
  readonly asked = new Set<string>();
  readonly errors: string[] = [];

  private constructor(
    readonly playground: Playground,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async open(): Promise<PageInBrowser> {
    const playground = await openPlayground({ thinkMs: 700 });
    const browser = await launchChromium(chromium ?? "");
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    context.setDefaultTimeout(PATIENCE_MS);
    const opened = new PageInBrowser(playground, context, await context.newPage());
    const { page, asked, errors } = opened;
    page.on("request", (request) => asked.add(request.url()));
    page.on("websocket", (socket) => asked.add(socket.url()));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(playground.page.url);
    return opened;
  }

  async close(): Promise<void> {
    await this.context.browser()?.close();
    await this.playground.stop();
  }

  chat(title: Title): Locator {
    return this.page.getByRole("region", { name: title, exact: true });
  }
  card(name: string): Locator {
    return this.page.getByRole("article", { name: `Convex channel ${name}` });
  }
  log(title: Title): Locator {
    return this.chat(title).getByRole("log");
  }
  app(): Locator {
    return this.page.getByRole("region", { name: "Your app", exact: true });
  }
  row(name: string, text: string): Locator {
    return this.card(name).getByRole("listitem").filter({ hasText: text });
  }
  message(title: Title, text: string): Locator {
    return this.log(title).getByRole("listitem").filter({ hasText: text });
  }
  stored(name: string, title: Title, text: string): Locator {
    const exact = this.page.getByText(text, { exact: true });
    return this.row(name, `from ${title}`).filter({ has: exact });
  }

  async say(title: Title, text: string): Promise<void> {
    const field = this.chat(title).getByLabel(/^Message /);
    await field.fill(text);
    await field.press("Enter");
  }
  async speakAs(title: Title, name: string): Promise<void> {
    await this.chat(title).getByLabel("Write as").selectOption(name);
  }
  /** Opens the settings of a channel's mapping. */
  async openSettings(title: Title): Promise<void> {
    await this.chat(title).locator("summary").click();
  }
  /** From now on each platform hears only itself, and what is said there is answered there alone. */
  async stopRelaying(): Promise<void> {
    for (const title of ["Discord", "Slack"] as const) {
      await this.openSettings(title);
      await this.chat(title).getByLabel("Relay").click();
      await this.openSettings(title);
    }
    await eventuallyCount(this.card("general").getByText("relay"), 0);
  }
  async answered(title: Title, name: string, text: string): Promise<void> {
    await this.log(title).getByText(replyTo(text)).waitFor();
    await this.card(name)
      .getByRole("listitem")
      .filter({ hasText: `“${text}”` })
      .getByText(`${title}: sent`, { exact: true })
      .waitFor();
  }
  /** Opens the buttons of a message. */
  async press(message: Locator, button: string): Promise<void> {
    await message.hover();
    await message.getByRole("button", { name: button }).click();
  }
}

/** The beginning of the AI's answer to something that You said. */
export function replyTo(text: string): RegExp {
  return new RegExp(`^You said, [^“]*“${text}”`);
}

export async function eventuallyCount(of: Locator, wanted: number): Promise<void> {
  await eventually(async () => expect(await of.count()).toBe(wanted), PATIENCE_MS);
}

/** One page for all tests of a file. Call it where they are described. */
export function useOnePage(): () => PageInBrowser {
  let opened: PageInBrowser | undefined;
  beforeAll(async () => {
    opened = await PageInBrowser.open();
  }, 60_000);
  afterAll(async () => {
    await opened?.close();
  });
  return () => {
    if (!opened) throw new Error("the page is not open");
    return opened;
  };
}
