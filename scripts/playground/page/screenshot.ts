import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import type { Page } from "playwright-core";
import { findChromium, launchChromium } from "./chromium.ts";
import { countAnswers, openPlayground, type Playground } from "./playground.ts";
import type { PlatformName } from "./protocol.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import { ROOT } from "../../tooling/repository.ts";

/* `npm run screenshot`: starts the playground, plays a conversation and takes the README's screenshot of its page. */

const README_PICTURE = join(ROOT, "docs", "playground.png");

const options = new Command("npm run screenshot --")
  .description("Takes a screenshot of the playground's page with Chromium.")
  .option("--out <file>", "output file", README_PICTURE)
  .option("--width <pixels>", "window width", Number, 1280)
  .option("--height <pixels>", "window height", Number, 800)
  .option("--dark", "use the dark colour scheme", false)
  .option("--full", "capture the whole page, not only the window", false)
  .parse()
  .opts<{ out: string; width: number; height: number; dark: boolean; full: boolean }>();

const browserPath = findChromium();
if (browserPath === undefined) {
  console.error("error: no Chromium or Chrome is installed (Debian: apt install chromium)");
  process.exit(1);
}

const playground = await openPlayground();
const browser = await launchChromium(browserPath);
try {
  const page = await browser.newPage({
    viewport: { width: options.width, height: options.height },
    colorScheme: options.dark ? "dark" : "light",
    deviceScaleFactor: 1,
  });
  await page.goto(playground.page.url);
  await play(page, playground);
  const out = resolve(options.out);
  await mkdir(dirname(out), { recursive: true });
  await page.screenshot({ path: out, fullPage: options.full });
  console.log(out);
} finally {
  await browser.close();
  await playground.stop();
}

/** Plays a conversation across all windows: a reaction, an image, an edit, and a reply that is being written. */
async function play(page: Page, { controller, stack, channels }: Playground): Promise<void> {
  const { discord, slack } = controller.rooms;
  const rooms = { discord, slack };
  const answers = () => PLATFORMS.map((each) => countAnswers(stack.chat(each)));
  const answered = async (act: () => Promise<void> | void) => {
    const before = answers();
    await act();
    await until(() => answers().every((count, at) => count > (before[at] ?? 0)));
  };
  const say = (platform: PlatformName, person: string, text: string, withImage = false) => {
    const room = rooms[platform];
    const id = room.state().people.find(({ name }) => name === person)?.id ?? "";
    return room.say(channels[platform], { person: id, text, withImage });
  };
  const react = (platform: PlatformName, person: string, text: string) => {
    const room = rooms[platform];
    const by = room.state().people.find(({ name }) => name === person)?.id ?? "";
    const message = room.messages(channels[platform]).find((each) => each.text.includes(text));
    if (message) room.react(channels[platform], { id: message.id, person: by, thumb: "👍" });
  };
  await answered(() => void say("slack", "Grace", "Checkout fails, see:", true));
  await answered(() => void say("discord", "Ada", "I see the **502** too."));
  react("slack", "Grace", "I see the");
  react("discord", "Ada", "You said, Ada");
  await answered(async () => {
    const field = page.getByLabel("Message general as Ann");
    await field.fill("Fixed. Please try again.");
    await field.press("Enter");
  });
  say("slack", "Grace", "It works, thank you!");
  await page.evaluate("document.activeElement.blur(); scrollTo({ top: 0, behavior: 'instant' })");
  await page.getByText("1 being written").waitFor();
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("the conversation is stuck");
    await new Promise((done) => setTimeout(done, 50));
  }
}
