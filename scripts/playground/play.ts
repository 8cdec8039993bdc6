import { fstatSync } from "node:fs";
import { createInterface } from "node:readline";
import { readEnvFiles } from "../../bridges/config/env_files.ts";
import { api } from "../../convex/_generated/api.js";
import { countAnswers, openPlayground, type Playground } from "./page/playground.ts";
import type { ChatStandIn } from "../stand_ins/chat.ts";
import { announcePlayground } from "./running_playground.ts";
import { Terminal } from "./terminal.ts";
import { PLATFORMS } from "../stand_ins/stack.ts";

/** The page's port; if it is taken, the next free one. */
const PAGE_PORT = 5173;

/** How long the first exchange may take before the playground fails. */
const FIRST_REPLY_MS = 30_000;

const TITLE = { discord: "Discord", slack: "Slack" } as const;

/**
 * The playground: the whole product on this machine, without configuration. Serves a page that shows it, plays one exchange
 * on each platform, then posts the lines typed in the terminal. SIGINT, SIGTERM and the end of the input end the process
 * at any moment, also while it starts: nothing is kept, so there is nothing to shut down in order.
 */
export async function play(): Promise<void> {
  process.once("SIGINT", stop).once("SIGTERM", stop);
  console.log(
    "No platform is configured, so this is the playground: Convex, Discord, Slack and an AI,",
  );
  console.log("all on this machine and in memory. It stores nothing and uses no account.\n");
  const playground = await openPlayground({
    settings: readEnvFiles(),
    port: PAGE_PORT,
    progress: (step) => console.log(`… ${step}`),
  });
  const { stack, channels } = playground;
  const withdraw = await announcePlayground({
    pid: process.pid,
    convexUrl: stack.convex.url,
    adminKey: stack.adminKey,
    platforms: { ...stack.discord.env, ...stack.slack.env },
  });
  process.once("exit", withdraw);
  printOverview(playground);
  const terminal = new Terminal(await wholeAnswers(playground), console.log);
  for (const platform of PLATFORMS) terminal.show(stack.chat(platform), TITLE[platform]);
  for (const [index, platform] of PLATFORMS.entries()) {
    const { channel, person } = channels[platform];
    stack.chat(platform).say({ channel, person, text: `Hello from ${TITLE[platform]}!` });
    for (const each of PLATFORMS) await untilAnswered(stack.chat(each), index + 1);
  }
  await terminal.shown();

  console.log("\nType `discord: hi` or `slack: hi` to send a message. Press Ctrl-C to stop.");
  console.log("Try `discord: explain bridges at length`: the answer is seen while it is written.");
  console.log(
    "In a second terminal, `npm run channels -- --help` shows how to list and change the mappings.\n",
  );
  readLines(playground);
}

function stop(): never {
  console.log("\nThe playground has stopped.");
  process.exit(0);
}

function printOverview({ stack, channels, controller, page }: Playground): void {
  const { ai } = controller.state();
  console.log(`\nConvex: ${stack.convex.url}`);
  console.log(
    ai.real
      ? `AI: OpenAI (${ai.model}), with the OPENAI_API_KEY from your .env files: replies cost money`
      : "AI: a stand-in that repeats what it was sent",
  );
  for (const platform of PLATFORMS) {
    const { channel } = channels[platform];
    console.log(`${TITLE[platform]}: #general (${channel}), mapped to "general"`);
  }
  console.log("The two hear each other: what is said in one appears in the other.");
  console.log("An app of yours reads and writes it too, in ten minutes: docs/apps.md");
  console.log("ready: playground");
  console.log(`\n  Open ${page.url} to watch it live.\n`);
}

/** Returns whether no answer in the mapped channel is being written, or on its way to a platform. */
async function wholeAnswers({ stack, channels }: Playground): Promise<() => Promise<boolean>> {
  const admin = await stack.adminClient();
  const { mappings } = await admin.query(api.admin.status, {});
  const own = mappings.find(({ externalId }) => externalId === channels.discord.channel);
  if (!own) throw new Error("the playground's channel is not mapped");
  const { channelId } = own;
  return async () => {
    const { replies, deliveries } = await admin.query(api.admin.activity, { channelId });
    const ended = ["sent", "failed", "cancelled"];
    return (
      replies.every(({ state }) => state !== "open") &&
      deliveries.every(({ state }) => ended.includes(state))
    );
  };
}

/** Resolves once the bot has answered so many times on the platform. */
async function untilAnswered(chat: ChatStandIn, count: number): Promise<void> {
  const deadline = Date.now() + FIRST_REPLY_MS;
  while (countAnswers(chat) < count) {
    if (Date.now() > deadline) throw new Error(`no reply arrived on ${TITLE[chat.platform]}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Sends each typed line as the first person of the platform that it names. */
function readLines({ controller, channels }: Playground): void {
  const lines = createInterface({ input: process.stdin }).on("line", (line) => {
    if (line.trim() === "") return;
    const [, name, text] = /^\s*(discord|slack)\s*:\s*(.+)$/i.exec(line) ?? [];
    const platform = PLATFORMS.find((each) => each === name?.toLowerCase());
    if (platform === undefined || text === undefined) {
      console.log("Start the line with the platform: `discord: hi` or `slack: hi`.");
      return;
    }
    const { channel, person } = channels[platform];
    controller.rooms[platform].say({ channel }, { person, text });
  });
  // A service manager gives /dev/null, which is no input rather than the end of one.
  if (process.stdin.isTTY || !fstatSync(0).isCharacterDevice()) lines.once("close", stop);
}
