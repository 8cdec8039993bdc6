import { sleep } from "../demo/stage.ts";
import type { AnswerFault } from "../../stand_ins/wire.ts";
import type { Stack } from "../../stand_ins/stack.ts";
import type { BridgePool } from "./bridge_pool.ts";
import type { Random } from "./random.ts";

/** Injects a fault. Resolves when it is over. */
type Fault = (stack: Stack, random: Random, pool: BridgePool) => Promise<unknown>;

const POSTS = { discord: "POST channels/:id/messages", slack: "chat.postMessage" } as const;

const POST_FAULTS: readonly AnswerFault[] = [
  "hangAfterAccept",
  "500AfterAccept",
  "hang",
  500,
  503,
  { retryAfter: 1 },
  { retryAfter: 3 },
];

/**
 * The faults of the platforms, the network, Convex and the AI that a bridge must survive. Includes only faults that
 * really occur: for example, Discord does not drop a frame of a session that stays open.
 */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "discord: socket broken": async ({ discord }) => discord.closeGateway(1006),
  "discord: closed with a resumable code": async ({ discord }, random) =>
    discord.closeGateway(random.pick([4000, 4001, 4002])),
  "discord: session gone": async ({ discord }) => {
    discord.refuseResume();
    discord.closeGateway(1006);
  },
  "discord: session invalid": async ({ discord }) => discord.invalidateSessions(false),
  "discord: asked to reconnect": async ({ discord }) => discord.askToReconnect(),
  "discord: event twice": async ({ discord }) => discord.frameNext("MESSAGE_CREATE", "double"),
  "discord: post goes wrong": async ({ discord }, random) =>
    discord.answerNext(POSTS.discord, random.pick(POST_FAULTS)),
  "discord: storm of 429": async ({ discord }, random) => {
    const global = random.chance(0.5);
    const calm = discord.faults.storm(
      { retryAfter: 1, ...(global && { global }) },
      global ? undefined : POSTS.discord,
    );
    await sleep(random.between(500, 3_000));
    calm();
  },
  "slack: sockets broken": async ({ slack }) => slack.closeSockets(),
  "slack: sockets recycled": async ({ slack }, random) =>
    slack.recycleSockets(random.pick(["warning", "refresh_requested"])),
  "slack: event twice": async ({ slack }) => slack.frameNext("events_api", "double"),
  "slack: event overtaken": async ({ slack }) => slack.frameNext("events_api", "swap"),
  "slack: event late": async ({ slack }) => slack.frameNext("events_api", { delayMs: 400 }),
  "slack: event lost on its way": async ({ slack }) => slack.frameNext("events_api", "drop"),
  "slack: acknowledgement lost": async ({ slack }) => slack.frameNext("ack", "drop"),
  "slack: ghost socket": async ({ slack }, random) => {
    slack.setGhostSockets(1);
    await sleep(random.between(500, 2_500));
    slack.setGhostSockets(0);
  },
  "slack: post goes wrong": async ({ slack }, random) =>
    slack.answerNext(POSTS.slack, random.pick(POST_FAULTS)),
  "slack: storm of 429": async ({ slack }, random) => {
    const calm = slack.faults.storm({ retryAfter: 1 }, random.pick([POSTS.slack, undefined]));
    await sleep(random.between(500, 3_000));
    calm();
  },
  "convex: sockets cut": ({ convex }) => convex.faults.cutSockets(),
  "convex: mutation lost": ({ convex }, random) =>
    convex.faults.mutations(random.pick(["lostBefore", "lostAfter"])),
  "convex: mutation aborted and run again": ({ convex }, random) =>
    convex.faults.mutations("rerun", { times: random.between(1, 3) }),
  "convex: claim answered late": ({ convex }, random) =>
    convex.faults.mutations(
      { answerAfterMs: random.between(1_000, 4_000) },
      { path: "bridge:claim" },
    ),
  "convex: slow": async ({ convex }, random) => {
    await convex.faults.delay(random.between(100, 600));
    await sleep(2_000);
    await convex.faults.delay(0);
  },
  "convex: away": async ({ convex }, random) => {
    await convex.faults.away();
    await sleep(random.between(500, 3_000));
    await convex.faults.back();
  },
  "convex: contention": ({ convex }, random) =>
    convex.faults.mutations("contention", { times: random.between(1, 3) }),
  "convex: a backup is restored, and the next sweep runs": async ({ convex }, random) => {
    await convex.faults.loseAllJobs();
    await sleep(random.between(500, 3_000));
    await convex.runJob("sweep:run");
  },
  "convex: transactions slow": async ({ convex }, random) => {
    await convex.faults.delayTransactions(random.between(50, 300));
    await sleep(1_500);
    await convex.faults.delayTransactions(0);
  },
  "convex: functions slow, and some out of time": async ({ convex }, random) => {
    await convex.faults.slowFunctions(random.between(3, 12));
    await sleep(1_500);
    await convex.faults.slowFunctions(1);
  },
  "ai: refuses": async ({ openai }, random) =>
    openai.next(random.pick([500, 503, { retryAfter: 1 }, "empty", "malformed"] as const)),
  "ai: slow": async ({ openai }, random) => openai.next({ delayMs: random.between(500, 2_500) }),
  "bridge: frozen": async (_stack, random, pool) => {
    const bridge = pool.bridge(random.between(0, pool.size - 1));
    bridge?.freeze();
    await sleep(random.between(500, 4_000));
    bridge?.thaw();
  },
};

const COPY_ROUTES = {
  discord: [
    "POST webhooks/:id/:token",
    "PATCH webhooks/:id/:token/messages/:message",
    "DELETE webhooks/:id/:token/messages/:message",
    "POST channels/:id/messages/:message/threads",
  ],
  slack: ["chat.update", "chat.delete"],
} as const;

const EDIT_ROUTES = {
  discord: "PATCH channels/:id/messages/:message",
  slack: "chat.update",
} as const;

/** The faults that only answers meet which people watch being written. */
export const STREAM_FAULTS: typeof FAULTS = {
  "discord: edit goes wrong": async ({ discord }, random) =>
    discord.answerNext(EDIT_ROUTES.discord, random.pick(POST_FAULTS)),
  "slack: edit goes wrong": async ({ slack }, random) =>
    slack.answerNext(EDIT_ROUTES.slack, random.pick(POST_FAULTS)),
};

/** The faults that only a relay meets. */
export const RELAY_FAULTS: typeof FAULTS = {
  "discord: request of a webhook goes wrong": async ({ discord }, random) =>
    discord.answerNext(random.pick(COPY_ROUTES.discord), random.pick(POST_FAULTS)),
  "slack: edit or removal goes wrong": async ({ slack }, random) =>
    slack.answerNext(random.pick(COPY_ROUTES.slack), random.pick(POST_FAULTS)),
};
