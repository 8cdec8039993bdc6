import type { PlatformName } from "../../../bridges/platform.ts";
import type { Place, VisibleMessage } from "../../stand_ins/chat.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import type { Stage } from "./stage.ts";
import { sleep } from "./stage.ts";
import { WatchedAnswers } from "./watched_answers.ts";

/** How long a person waits for the bot's answer before posting again, in ms. */
const ANSWER_MS = 20_000;

/** How long the answer takes that people watch being written, in ms, and its pieces. */
const WRITING = { ms: 4_000, pieces: 300 };

/**
 * Plays the steps of the demo in order. `announce` is called with a description of each. Returns what people have watched
 * being written.
 */
export async function playConversation(
  stage: Stage,
  announce: (step: string) => void,
): Promise<WatchedAnswers> {
  const admin = await stage.stack.adminClient();
  const lounges = addChannels(stage, "lounge");
  const offices = addChannels(stage, "office");
  const studios = addChannels(stage, "studio");
  const squares = addChannels(stage, "square");
  const map = async (platform: PlatformName, channels: Channels, name: string) =>
    stage.map(admin, platform, channels[platform], { to: `${platform} ${name}`, name });

  announce("#lounge on Discord and #lounge on Slack are mapped: their messages go to Convex.");
  for (const platform of PLATFORMS) await map(platform, lounges, "lounge");

  announce("A person on each platform talks to the AI.");
  await onBoth(async (platform) => {
    stage.say(platform, lounges[platform], "Ada", "Hello! What is a bridge?");
    await answered(stage, platform, lounges[platform]);
  });

  announce("A thread on each platform: a conversation of its own.");
  await onBoth(async (platform) => {
    const channel = lounges[platform];
    const root = stage.say(platform, channel, "Grace", "I'd like to talk about compilers.");
    await answered(stage, platform, channel);
    const thread = stage.openThread(platform, channel, root, "compilers");
    stage.say(platform, channel, "Grace", "Which was the first one?", thread);
    await answered(stage, platform, channel, thread);
  });

  announce("A post in a forum on Discord: a conversation whose title the AI reads too.");
  const forum = stage.stack.discord.addForum("help");
  await stage.map(admin, "discord", forum, { to: "discord help", name: "help" });
  await sleep(500);
  const question = "And how is it **measured**?";
  const post = stage.openPost(forum, "Barbara", "How long is a bridge?", question);
  await answered(stage, "discord", forum, post);
  stage.say("discord", forum, "Barbara", "Thank you!", post);
  await answered(stage, "discord", forum, post);

  announce("An answer in a Slack thread, also sent to the channel.");
  const root = stage.say("slack", lounges.slack, "Edsger", "Who is up for lunch?");
  await answered(stage, "slack", lounges.slack);
  stage.broadcast(
    lounges.slack,
    "Ada",
    "Me! At *noon*, at <https://example.com|the usual place>.",
    root,
  );
  await answered(stage, "slack", lounges.slack, root);

  announce("Ada edits a message. Alan deletes one: it is deleted in Convex as well.");
  await onBoth(async (platform) => {
    const channel = lounges[platform];
    const chat = stage.stack.chat(platform);
    const slip = stage.say(platform, channel, "Ada", "The answer is 41.");
    await answered(stage, platform, channel);
    chat.edit({ channel, id: slip, text: "The answer is 42." });
    const regret = stage.say(platform, channel, "Alan", "Never mind.");
    await answered(stage, platform, channel);
    chat.remove({ channel, id: regret });
  });

  announce("A long reply, split into as many messages as each platform needs.");
  await onBoth(async (platform) => {
    stage.say(platform, lounges[platform], "Grace", "Please write a long reply.");
    await answered(stage, platform, lounges[platform]);
  });

  announce("A reply full of formatting, as each platform can display it.");
  await onBoth(async (platform) => {
    const studio = studios[platform];
    await map(platform, studios, "studio");
    await sleep(500);
    stage.say(platform, studio, "Barbara", "Please show me some formatting.");
    await answered(stage, platform, studio);
  });

  announce("An answer that the AI cuts at its limit: it says so.");
  await onBoth(async (platform) => {
    stage.say(platform, studios[platform], "Barbara", "Please tell a story without an end.");
    await answered(stage, platform, studios[platform]);
  });

  announce("An answer that people watch being written, in one message that is edited.");
  const stages = addChannels(stage, "stage");
  const watched = new WatchedAnswers(stage.stack, stages);
  for (const platform of PLATFORMS) {
    const mapping = { to: `${platform} stage`, name: "stage", stream: true };
    await stage.map(admin, platform, stages[platform], mapping);
  }
  await sleep(500);
  await onBoth(async (platform) => {
    const question = "What holds a bridge up? Please explain it at length.";
    const streaming = { everyMs: WRITING.ms / WRITING.pieces };
    stage.stack.openai.next({ streaming }, question);
    stage.say(platform, stages[platform], "Grace", question);
    await answered(stage, platform, stages[platform]);
  });

  announce("Two channels that are one conversation: what is said on one platform is seen on both.");
  const markets = addChannels(stage, "market");
  for (const platform of PLATFORMS) {
    const mapping = { to: "market", name: "market", trigger: "mention", relay: true } as const;
    await stage.map(admin, platform, markets[platform], mapping);
  }
  await sleep(500);
  stage.say("discord", markets.discord, "Ada", "Try `cross()`:\n```js\ncross( bridge );\n```");
  await relayed(stage, "slack", markets.slack, "Ada");
  stage.say("slack", markets.slack, "Grace", "*Done*, as <https://example.com|the guide> says.");
  await relayed(stage, "discord", markets.discord, "Grace");
  const bot = stage.stack.slack.mention(stage.stack.slack.botId);
  stage.say("slack", markets.slack, "Grace", `${bot} What have we built?`);
  await onBoth((platform) => answered(stage, platform, markets[platform]));

  announce("Messages in a channel that is not mapped: they are not mirrored.");
  for (const platform of PLATFORMS) {
    stage.say(platform, offices[platform], "Alan", "This is nobody's business.");
  }

  announce("That channel is mapped while the bridge runs: the next message is answered.");
  for (const platform of PLATFORMS) await map(platform, offices, "office");
  // A mapping reaches the bridge by subscription, which takes a moment.
  await sleep(500);
  await onBoth(async (platform) => {
    stage.say(platform, offices[platform], "Alan", "And now?");
    await answered(stage, platform, offices[platform]);
  });

  announce(
    "Fifty messages at once from five people: all are mirrored, and answered in a few replies.",
  );
  for (const platform of PLATFORMS) await map(platform, squares, "square");
  await sleep(500);
  const crowd = ["Ada", "Alan", "Barbara", "Edsger", "Grace"];
  for (const platform of PLATFORMS) {
    for (let n = 1; n <= 50; n++) {
      const name = crowd[n % crowd.length] ?? "Ada";
      stage.say(platform, squares[platform], name, `Message ${n.toString()} of 50.`);
    }
  }
  return watched;
}

type Channels = Record<PlatformName, string>;

function addChannels({ stack }: Stage, name: string): Channels {
  return { discord: stack.discord.addChannel(name), slack: stack.slack.addChannel(name) };
}

async function onBoth(step: (platform: PlatformName) => Promise<void>): Promise<void> {
  await Promise.all(PLATFORMS.map(step));
}

/** Waits until the newest message is an answer of the bot. */
async function answered(
  stage: Stage,
  platform: PlatformName,
  channel: string,
  thread?: string,
): Promise<void> {
  await newestIs(
    stage,
    platform,
    { channel, ...(thread !== undefined && { thread }) },
    ({ fromBot, inPersona }) => fromBot && !inPersona,
  );
}

/** Waits until the newest message is a copy of what this person said elsewhere. */
async function relayed(
  stage: Stage,
  platform: PlatformName,
  channel: string,
  author: string,
): Promise<void> {
  await newestIs(
    stage,
    platform,
    { channel },
    (newest) => newest.inPersona === true && newest.author === author,
  );
}

/** On a timeout it returns anyway: the verdict names what is missing. */
async function newestIs(
  { stack }: Stage,
  platform: PlatformName,
  { channel, thread }: Place,
  isWanted: (newest: VisibleMessage) => boolean,
): Promise<void> {
  const deadline = Date.now() + ANSWER_MS;
  while (Date.now() < deadline) {
    const newest = stack.chat(platform).transcript(channel, thread).at(-1);
    if (newest && isWanted(newest)) return;
    await sleep(50);
  }
}
