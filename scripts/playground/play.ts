import { createInterface } from "node:readline";
import { readEnvFiles } from "../../bridges/config/env_files.ts";
import type { ChatChange, ChatStandIn } from "../stand_ins/chat.ts";
import { openPlayground, type Playground } from "./page/playground.ts";
import { announcePlayground, withdrawPlayground } from "./running_playground.ts";
import { PLATFORMS } from "../stand_ins/stack.ts";

/** Where the page is, or on the next port that is free. */
const PAGE_PORT = 5173;

/** How long the first exchange may take before the playground says that something is wrong. */
const FIRST_ANSWER_MS = 30_000;

const TITLE = { discord: "Discord", slack: "Slack" } as const;

/**
 * The playground: the whole product on this machine, with nothing configured. Serves a page to see it all, plays one
 * exchange on each platform, then says what is typed, until stopped (Ctrl-C, or the end of the input).
 */
export async function play(): Promise<void> {
  console.log(
    "Nothing is configured, so this is the playground: Convex, Discord, Slack and an AI,",
  );
  console.log("all on this machine and in memory. Nothing here is kept, and no account is used.\n");
  const stopped = untilStopped();
  const playground = await openPlayground({
    settings: readEnvFiles(),
    port: PAGE_PORT,
    progress: (step) => console.log(`… ${step}`),
  });
  try {
    const { stack, channels, controller, page } = playground;
    await announcePlayground({
      pid: process.pid,
      convexUrl: stack.convex.url,
      adminKey: stack.adminKey,
      platforms: { ...stack.discord.env, ...stack.slack.env },
    });
    const { ai } = controller.state();
    console.log(`\nConvex: ${stack.convex.url}`);
    console.log(
      ai.real
        ? `AI: OpenAI (${ai.model}), with the OPENAI_API_KEY of your env files: replies cost money`
        : "AI: a stand-in that says what it was sent",
    );
    for (const platform of PLATFORMS) {
      const { channel } = channels[platform];
      console.log(`${TITLE[platform]}: #general (${channel}), mapped to "${platform} general"`);
    }
    console.log("ready: playground");
    console.log(`\n  Open ${page.url} to see all of it, live.\n`);

    for (const platform of PLATFORMS) {
      show(stack.chat(platform));
      const { channel, person } = channels[platform];
      stack.chat(platform).say({ channel, person, text: `Hello from ${TITLE[platform]}!` });
      await Promise.race([answered(stack.chat(platform), channel), stopped]);
    }

    console.log("\nSay something: `discord: hi` or `slack: hi`. Ctrl-C stops.");
    console.log(
      "In a second terminal: `npm run channels -- list` shows and changes the mappings.\n",
    );
    readTyped(playground);
    await stopped;
  } finally {
    console.log("\nStopping the playground …");
    await withdrawPlayground(process.pid);
    await playground.stop();
  }
}

/** Prints what people on the platform see, as it happens. */
function show(chat: ChatStandIn): void {
  const title = TITLE[chat.platform].padEnd(7);
  chat.onChange(({ kind, message, thread }: ChatChange) => {
    const where = thread === undefined ? "" : " (in a thread)";
    const what = kind === "new" ? "" : ` (${kind})`;
    console.log(`${title} | ${message.author}${where}${what}: ${message.text}`);
  });
}

async function answered(chat: ChatStandIn, channel: string): Promise<void> {
  const deadline = Date.now() + FIRST_ANSWER_MS;
  while (!chat.transcript(channel).at(-1)?.fromBot) {
    if (Date.now() > deadline) throw new Error(`no answer arrived on ${TITLE[chat.platform]}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function readTyped({ controller, channels }: Playground): void {
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (line.trim() === "") return;
    const [, name, text] = /^\s*(discord|slack)\s*:\s*(.+)$/i.exec(line) ?? [];
    const platform = PLATFORMS.find((known) => known === name?.toLowerCase());
    if (platform === undefined || text === undefined) {
      console.log("Begin the line with the platform: `discord: hi` or `slack: hi`.");
      return;
    }
    const { channel, person } = channels[platform];
    controller.rooms[platform].say({ channel }, person, text);
  });
}

async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = () => {
      resolve();
    };
    process.once("SIGINT", stop).once("SIGTERM", stop);
  });
}
