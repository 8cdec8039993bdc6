import { createInterface } from "node:readline";
import { api } from "../../convex/_generated/api.js";
import type { PlatformName } from "../../bridges/platform.ts";
import type { ChatChange, ChatStandIn } from "./chat.ts";
import { announcePlayground, withdrawPlayground } from "./running.ts";
import { PLATFORMS, startStack, type Stack } from "./stack.ts";

/** How long the first exchange may take before the playground says that something is wrong. */
const FIRST_ANSWER_MS = 30_000;

const TITLE = { discord: "Discord", slack: "Slack" } as const;

/**
 * The playground: the whole product on this machine, with nothing configured. Plays one exchange on each platform, then
 * says what is typed, until stopped (Ctrl-C, or the end of the input).
 */
export async function play(): Promise<void> {
  console.log(
    "Nothing is configured, so this is the playground: Convex, Discord, Slack and an AI,",
  );
  console.log("all on this machine and in memory. Nothing here is kept, and no account is used.\n");
  const stack = await startStack();
  const stopped = untilStopped();
  try {
    const channels = await openChannels(stack);
    await stack.startBridge();
    await announcePlayground({
      pid: process.pid,
      convexUrl: stack.convex.url,
      adminKey: stack.adminKey,
    });
    console.log(`Convex: ${stack.convex.url}`);
    for (const platform of PLATFORMS) {
      const { channel } = channels[platform];
      console.log(`${TITLE[platform]}: #general (${channel}), mapped to "${platform} general"`);
    }
    console.log("ready: playground\n");

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
    readTyped(stack, channels);
    await stopped;
  } finally {
    console.log("\nStopping the playground …");
    await withdrawPlayground(process.pid);
    await stack.stop();
  }
}

type Channels = Record<PlatformName, { readonly channel: string; readonly person: string }>;

async function openChannels(stack: Stack): Promise<Channels> {
  const admin = await stack.adminClient();
  const open = async (platform: PlatformName) => {
    const chat = stack.chat(platform);
    const channel = chat.addChannel("general");
    await admin.mutation(api.admin.map, {
      platform,
      externalId: channel,
      externalName: "general",
      to: `${platform} general`,
    });
    return { channel, person: chat.addPerson("You") };
  };
  return { discord: await open("discord"), slack: await open("slack") };
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

function readTyped(stack: Stack, channels: Channels): void {
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (line.trim() === "") return;
    const [, name, text] = /^\s*(discord|slack)\s*:\s*(.+)$/i.exec(line) ?? [];
    const platform = PLATFORMS.find((known) => known === name?.toLowerCase());
    if (platform === undefined || text === undefined) {
      console.log("Begin the line with the platform: `discord: hi` or `slack: hi`.");
      return;
    }
    const chat = stack.chat(platform);
    const { channel, person } = channels[platform];
    chat.say({ channel, person, text: asSent(platform, text) });
  });
}

/** What the platform's own client makes of typed text: Slack's escapes three characters. */
function asSent(platform: PlatformName, text: string): string {
  if (platform === "discord") return text;
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = () => {
      resolve();
    };
    process.once("SIGINT", stop).once("SIGTERM", stop);
  });
}
