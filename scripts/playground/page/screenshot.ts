import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import type { Page } from "playwright-core";
import { findChromium, launchChromium } from "./chromium.ts";
import { countAnswers, openPlayground, type Playground } from "./playground.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import { ROOT } from "../../tooling/repository.ts";

/* `npm run screenshot`: starts the playground, plays a conversation and takes the README's screenshot of its page. */

const README_PICTURE = join(ROOT, "docs", "playground.png");

const options = new Command("npm run screenshot --")
  .description("Takes a screenshot of the playground's page with Chromium.")
  .option("--out <file>", "output file", README_PICTURE)
  .option("--width <pixels>", "window width", Number, 1440)
  .option("--height <pixels>", "window height", Number, 1000)
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

/** Plays a conversation with threads, Markdown, an edit and a pending reply. */
async function play(page: Page, { controller, stack, channels }: Playground): Promise<void> {
  const { discord, slack } = controller.rooms;
  const people = {
    discord: discord.state().people.map(({ id }) => id),
    slack: slack.state().people.map(({ id }) => id),
  };
  const ask = async (platform: "discord" | "slack", person: number, text: string) => {
    const room = controller.rooms[platform];
    const { channel } = channels[platform];
    const answers = () => PLATFORMS.map((each) => countAnswers(stack.chat(each)));
    const before = answers();
    const id = room.say({ channel }, { person: people[platform][person] ?? "", text });
    await until(() => answers().every((count, at) => count > (before[at] ?? 0)));
    return id;
  };
  await ask("discord", 1, "Does the bridge keep **Markdown** and `code`?");
  await ask("slack", 2, "It does, and I read it on *Slack*.");
  const question = await ask("discord", 2, "And what about threads?");
  const { channel } = channels.discord;
  const thread = discord.openThread(channel, question);
  const before = countAnswers(stack.discord);
  discord.say(
    { channel, thread },
    people.discord[1] ?? "",
    "Each thread is a separate conversation.",
  );
  await until(() => countAnswers(stack.discord) > before);
  const typo = await ask("slack", 2, "Teh same answers arrive here.");
  slack.edit({ channel: channels.slack.channel }, typo, "The same answers arrive here.");
  for (const [name, text] of [
    ["Ann", "No platform here, only Convex."],
    ["Bob", "I see it too."],
  ] as const) {
    await page.getByLabel(`Message as ${name}`).fill(text);
    await page.getByLabel(`Message as ${name}`).press("Enter");
    await page.waitForTimeout(1_500);
  }
  slack.say({ channel: channels.slack.channel }, people.slack[2] ?? "", "One more question …");
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
