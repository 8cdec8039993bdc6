import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import type { BridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import type { WireEntry } from "../../scripts/stand_ins/wire.ts";
import { sleep } from "../../scripts/verify/demo/stage.ts";
import { eventually } from "../support/eventually.ts";
import { type Conversation, RelayStage } from "./relay_stage.ts";

/*
 * A message is relayed and edited, a second one relayed and deleted. The bridge is killed before or after each event and
 * each request of that, and started again. Each time is a conversation of its own, so that the test waits for leases and
 * quarantines only once, at the end.
 */

/** Longer than a lease (60 s), its quarantine (25 s) and the searches on the platform. */
const PATIENCE_MS = 150_000;

interface Frame {
  readonly platform: PlatformName;
  readonly direction: WireEntry["direction"];
  readonly name: string;
  /** From 1, among those of one exchange. */
  readonly nth: number;
}

/** One way of relaying, and the frames that it has. */
interface Way {
  readonly from: PlatformName;
  readonly to: PlatformName;
  readonly byBot: boolean;
  readonly frames: readonly Frame[];
}

const once = (platform: PlatformName, direction: Frame["direction"], ...names: string[]) =>
  names.map((name): Frame => ({ platform, direction, name, nth: 1 }));
const twice = (...args: Parameters<typeof once>) =>
  once(...args).flatMap((frame) => [frame, { ...frame, nth: 2 }]);

const WEBHOOK = "webhooks/:id/:token";
const MESSAGE = "channels/:id/messages";
const WAYS: readonly Way[] = [
  {
    from: "discord",
    to: "slack",
    byBot: false,
    frames: [
      ...twice("discord", "out", "MESSAGE_CREATE"),
      ...once("discord", "out", "MESSAGE_UPDATE", "MESSAGE_DELETE"),
      ...twice("slack", "in", "chat.postMessage"),
      ...once("slack", "in", "chat.update", "chat.delete"),
    ],
  },
  {
    from: "slack",
    to: "discord",
    byBot: false,
    frames: [
      ...[1, 2, 3, 4].flatMap((nth) =>
        once("slack", "out", "events_api").map((frame) => ({ ...frame, nth })),
      ),
      ...once("discord", "in", "POST channels/:id/webhooks"),
      ...twice("discord", "in", `POST ${WEBHOOK}`),
      ...once("discord", "in", `PATCH ${WEBHOOK}/messages/:message`),
      ...once("discord", "in", `DELETE ${WEBHOOK}/messages/:message`),
    ],
  },
  {
    from: "slack",
    to: "discord",
    byBot: true,
    frames: [
      ...twice("discord", "in", `POST ${MESSAGE}`),
      ...once("discord", "in", `PATCH ${MESSAGE}/:message`, `DELETE ${MESSAGE}/:message`),
    ],
  },
];

let stage: RelayStage;
let bridge: BridgeProcess;
const played: { readonly talk: Conversation; readonly way: Way }[] = [];
const killed = new Set<string>();

beforeAll(async () => {
  stage = await RelayStage.open({ slack: { redeliverAfterMs: [0, 3_000, 10_000] } });
  bridge = await stage.stack.startBridge();
});

afterAll(async () => {
  expect([...stage.stack.discord.refused, ...stage.stack.slack.refused]).toEqual([]);
  await stage.stack.stop();
});

async function play(way: Way, frame: Frame, side: "before" | "after"): Promise<void> {
  const { from, to, byBot } = way;
  const talk = await stage.conversation(`exchange ${String(played.length)}`);
  if (byBot) stage.stack.discord.deny(talk.channels.discord, { webhooks: true });
  played.push({ talk, way });
  const killing: { done?: Promise<void> } = {};
  let seen = 0;
  const mark = ({ direction, name }: WireEntry) =>
    direction === frame.direction && name === frame.name && (seen += 1) === frame.nth;
  const callOff = stage.stack[frame.platform].faults.at(mark, side, () => {
    killing.done = bridge.kill();
    killed.add(`${from} ${frame.name} ${String(frame.nth)} ${side} ${String(byBot)}`);
  });
  const texts = () => talk.seen(to).map(({ text }) => text.replace("**Ann:** ", ""));
  let isWaiting = true;
  const until = async (done: () => boolean) => {
    const end = Date.now() + 10_000;
    while (isWaiting && !killing.done && !done() && Date.now() < end) await sleep(10);
    if (!killing.done || !isWaiting) return;
    isWaiting = false;
    await killing.done;
    bridge = await stage.stack.startBridge();
  };
  const first = talk.say(from, "Ann", "a message");
  await until(() => texts().includes("a message"));
  talk.edit(from, first, "a message, edited");
  await until(() => texts().includes("a message, edited"));
  const second = talk.say(from, "Ann", "b message");
  await until(() => texts().includes("b message"));
  talk.remove(from, second);
  await until(() => texts().length === 1);
  callOff();
}

test("killed before and after every event and request, the bridge relays each message, edit and delete once", async () => {
  let count = 0;
  for (const way of WAYS) {
    for (const frame of way.frames) {
      for (const side of ["before", "after"] as const) {
        await play(way, frame, side);
        count += 1;
      }
    }
  }
  // Deliveries of earlier exchanges may be retried in a later one, and be killed in its place.
  expect(killed.size).toBeGreaterThan(count - 3);
  await eventually(
    () => {
      for (const { talk, way } of played) {
        const copies = talk.seen(way.to).map(({ text }) => text);
        expect(copies, talk.name).toEqual([`${way.byBot ? "**Ann:** " : ""}a message, edited`]);
      }
    },
    { timeout: PATIENCE_MS, interval: 1_000 },
  );
  for (const { talk, way } of played) {
    const posts = stage.stack[way.to].posts.filter(
      ({ channel }) => channel === talk.channels[way.to],
    );
    const starting = (letter: string) =>
      posts.filter(({ text }) => text.replace("**Ann:** ", "").startsWith(letter)).length;
    expect([talk.name, starting("a")]).toEqual([talk.name, 1]);
    expect(starting("b")).toBeLessThanOrEqual(1);
  }
}, 600_000);
