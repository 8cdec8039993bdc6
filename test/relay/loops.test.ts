import { afterAll, beforeAll, expect, test } from "vitest";
import { REST } from "@discordjs/rest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import { PLATFORMS, type Stack } from "../../scripts/stand_ins/stack.ts";
import { sleep } from "../../scripts/verify/demo/stage.ts";
import { eventually } from "../support/eventually.ts";
import { type Conversation, RelayStage } from "./relay_stage.ts";

/*
 * Two deployments bridge the same two channels, each with bots of its own. Each has its own stand-ins here, whose channels
 * are kept alike: what one deployment's bot posts appears in the other's channel as an app's message.
 */

let stages: readonly [RelayStage, RelayStage];

beforeAll(async () => {
  stages = [await RelayStage.open(), await RelayStage.open()];
  for (const { stack } of stages) await stack.startBridge();
});

afterAll(async () => {
  for (const { stack } of stages) {
    expect([...stack.discord.refused, ...stack.slack.refused]).toEqual([]);
    await stack.stop();
  }
});

/** The same conversation in both deployments. */
async function shared(name: string, relayApps: boolean): Promise<[Conversation, Conversation]> {
  const [one, other] = stages;
  const talks = [
    await one.conversation(name, { relayApps }),
    await other.conversation(name, { relayApps }),
  ] as [Conversation, Conversation];
  for (const platform of PLATFORMS) keepAlike(platform, talks);
  return talks;
}

const appOf = (stack: Stack, platform: PlatformName) =>
  platform === "discord" ? stack.discord.addBot("the other") : stack.slack.addApp("the other");

/** Shows each new message of one channel in the other. */
function keepAlike(platform: PlatformName, talks: readonly [Conversation, Conversation]): void {
  const shown = new Set<string>();
  for (const [from, to] of [talks, talks.toReversed()] as [Conversation, Conversation][]) {
    const app = appOf(to.stage.stack, platform);
    from.stage.stack.chat(platform).onChange(({ kind, channel, message }) => {
      if (kind !== "new" || channel !== from.channels[platform]) return;
      // Later: the id of one that is shown here is known only then.
      setImmediate(() => {
        if (shown.has(message.id)) return;
        const person = message.fromBot ? app : to.stage.person(platform, message.author);
        const place = { channel: to.channels[platform] };
        shown.add(to.stage.stack.chat(platform).say({ ...place, person, text: message.text }));
      });
    });
  }
}

/** Waits until the number of messages has not changed for some time. Returns it by platform. */
async function counts([talk]: readonly [Conversation, Conversation]) {
  const count = () => PLATFORMS.map((platform) => talk.seen(platform).length);
  for (let last = "", same = 0; same < 6;) {
    await sleep(500);
    const now = count().join(" ");
    same = now === last ? same + 1 : 0;
    last = now;
  }
  const [discord = 0, slack = 0] = count();
  return { discord, slack };
}

test("each of two deployments relays what a person says once, and not what the other relays", async () => {
  const talks = await shared("people", false);
  talks[0].say("discord", "Ada", "hello");
  talks[0].say("slack", "Grace", "hi");
  expect(await counts(talks)).toEqual({ discord: 3, slack: 3 });
}, 90_000);

test("two deployments that relay apps stop doing so, and the status says so", async () => {
  const talks = await shared("apps", true);
  talks[0].say("discord", "Ada", "hello");
  const { discord, slack } = await counts(talks);
  // Each stops by itself after 20 messages of apps.
  expect(discord + slack).toBeGreaterThan(20);
  expect(discord + slack).toBeLessThan(120);
  await eventually(async () => {
    const status = await Promise.all(stages.map(({ admin }) => admin.query(api.admin.status, {})));
    const stopped = status.flatMap(({ problems }) =>
      problems.filter(({ kind }) => kind === "relay_of_apps_stopped"),
    );
    expect(stopped.length).toBeGreaterThan(0);
  });
  // People are still relayed.
  talks[0].say("slack", "Grace", "are we done?");
  await eventually(() => expect(talks[0].lines("discord")).toContain("Grace: are we done?"));
  const after = await counts(talks);
  expect(after.discord + after.slack).toBeLessThan(discord + slack + 30);
}, 120_000);

test("what somebody posts by the bridge's own webhook goes nowhere", async () => {
  const [{ stack }] = stages;
  const talk = await stages[0].conversation("copied webhook", { relayApps: true });
  talk.say("slack", "Grace", "hello");
  await eventually(() => expect(talk.lines("discord")).toEqual(["Grace: hello"]));
  const [webhook] = stack.discord.guild.webhooksOf(talk.channels.discord);
  const rest = new REST({ api: stack.discord.env.DISCORD_API_URL ?? "" });
  await rest.post(`/webhooks/${webhook?.id ?? ""}/${webhook?.token ?? ""}`, {
    auth: false,
    body: { content: "from a tool", username: "Tool" },
  });
  talk.say("discord", "Ada", "after it");
  await eventually(() => expect(talk.lines("slack")).toContain("Ada: after it"));
  expect(talk.lines("slack")).toEqual(["Grace: hello", "Ada: after it"]);
});

test("a platform channel is mapped once", async () => {
  const [stage] = stages;
  const talk = await stage.conversation("twice");
  await expect(stage.map("discord", talk.channels.discord, "another")).rejects.toThrow();
});
