import { fasterLimits } from "../../../stand_ins/discord/rest/rate_limits.ts";
import { PLATFORMS, type StackOptions } from "../../../stand_ins/stack.ts";
import { asSaidOn, type Line } from "../replay.ts";
import { sleep, type Stage } from "../stage.ts";

/** How many times as fast as the real ones the platforms' rate limits are. */
const SPEED = 10;

/** ms between two lines: in all, what Discord's limit of a channel's webhooks lets through. */
const LINE_EVERY_MS = 100;

/** Every so manieth line mentions the bot, which answers. An odd number, so that both platforms ask. */
const ASKS_EVERY = 19;
const LONGEST_QUESTION = 1_000;

/** Slack's limit: about one post a second in a channel, and short bursts. */
const SLACK_POSTS = { requests: 10, windowMs: 10_000 };

/** Rate limits of both platforms, scaled, and replies enough for a long log. */
export const RELAYED_REPLAY: StackOptions = {
  discord: { rateLimits: fasterLimits(SPEED) },
  slack: { postLimit: { ...SLACK_POSTS, windowMs: SLACK_POSTS.windowMs / SPEED } },
  convexEnv: {
    AI_REPLIES_PER_DAY: "100000",
    AI_REPLIES_PER_AUTHOR: "100000",
    AI_REPLIES_PER_CHANNEL: "100000",
  },
};

/** What `replayRelayed` does, for people. */
export function relayedReplayIntro(count: number): string {
  return (
    `${count.toString()} messages are said on Discord and on Slack by turns, without waiting for the copies, in two ` +
    "channels that hear each other. The order is compared within what one side says. " +
    `The platforms' rate limits are ${SPEED.toString()} times higher than the real ones.`
  );
}

/** Says the lines in turn on either platform, in two channels of one Convex channel. Some of them ask the AI. */
export async function replayRelayed(stage: Stage, lines: readonly Line[]): Promise<void> {
  const admin = await stage.stack.adminClient();
  const channels = {
    discord: stage.stack.discord.addChannel("replay"),
    slack: stage.stack.slack.addChannel("replay"),
  };
  for (const platform of PLATFORMS) {
    const mapping = { to: "replay", name: "replay", trigger: "mention", relay: true } as const;
    await stage.map(admin, platform, channels[platform], mapping);
  }
  // A mapping reaches the bridge by subscription, which takes a moment.
  await sleep(500);
  const start = Date.now();
  for (const [index, { user, text }] of lines.entries()) {
    await sleep(start + index * LINE_EVERY_MS - Date.now());
    const platform = index % 2 === 0 ? "discord" : "slack";
    const chat = stage.stack.chat(platform);
    const asks = index % ASKS_EVERY === 7 && text.length < LONGEST_QUESTION;
    const mention = asks ? `${chat.mention(chat.botId)} ` : "";
    stage.say(platform, channels[platform], user, mention + asSaidOn(stage, platform, text));
  }
}
