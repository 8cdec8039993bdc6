import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { sleep } from "../../scripts/verify/demo/stage.ts";
import { eventually } from "../support/eventually.ts";
import { type Conversation, RelayStage } from "./relay_stage.ts";

/* People go on talking while the bridge, or one platform, is away. */

let stage: RelayStage;

beforeAll(async () => {
  stage = await RelayStage.open({ slack: { redeliverAfterMs: [0, 2_000, 5_000] } });
});

afterAll(async () => {
  expect([...stage.stack.discord.refused, ...stage.stack.slack.refused]).toEqual([]);
  await stage.stack.stop();
});

const OTHER = { discord: "slack", slack: "discord" } as const;
const PERSON = { discord: "Ada", slack: "Grace" } as const;

/** What one platform shows of what was said on the other, by its numbers. */
function numbers(talk: Conversation, to: PlatformName, thread?: string): number[] {
  const author = PERSON[OTHER[to]];
  const own = talk.seen(to, thread).filter((message) => message.author === author);
  return own.flatMap(({ text }) => (/^n\d+/.test(text) ? Number(/\d+/.exec(text)?.[0]) : []));
}

const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, n) => n + from);

test("what was said, edited, deleted and said in threads meanwhile arrives in order, before what is said live", async () => {
  const talk = await stage.conversation("down");
  const first = await stage.stack.startBridge();
  const roots: Record<PlatformName, string> = { discord: "", slack: "" };
  for (const from of PLATFORMS) roots[from] = talk.say(from, PERSON[from], "root");
  const edited = talk.say("discord", "Ada", "edited before");
  const deleted = talk.say("slack", "Grace", "deleted");
  await eventually(() => {
    expect(talk.seen("discord")).toHaveLength(4);
    expect(talk.seen("slack")).toHaveLength(4);
  });
  // What it has not reported would hold up its lanes until its leases end.
  await stage.settled();
  await first.kill();

  for (const from of PLATFORMS) {
    for (const n of upTo(60)) {
      const id = talk.say(from, PERSON[from], `n${String(n)}`);
      if (n === 10) talk.edit(from, id, "n10, edited");
      if (n === 20) talk.remove(from, id);
    }
    const channel = talk.channels[from];
    const chat = stage.stack.chat(from);
    const thread = chat.openThread({ channel, id: roots[from], name: "T" });
    for (const n of upTo(15)) talk.say(from, PERSON[from], `n${String(n)}`, { thread });
  }
  talk.edit("discord", edited, "edited after");
  talk.remove("slack", deleted);
  // Live messages at the same time.
  const live = { isOver: false };
  const saying = (async () => {
    let count = 0;
    for (; count < 100 && !live.isOver; count += 1) {
      for (const from of PLATFORMS) talk.say(from, PERSON[from], `n${String(60 + count)}`);
      await sleep(25);
    }
    return count;
  })();
  await stage.stack.startBridge();
  await sleep(500);
  live.isOver = true;
  const total = 60 + (await saying);
  const expected = upTo(total).filter((n) => n !== 20);
  await eventually(
    () => {
      for (const to of PLATFORMS) expect(numbers(talk, to)).toEqual(expected);
    },
    { timeout: 60_000, interval: 250 },
  );
  for (const to of PLATFORMS) {
    const copy = talk.seen(to).find(({ author, text }) => text === "root" && author !== PERSON[to]);
    await eventually(() => expect(numbers(talk, to, copy?.id)).toEqual(upTo(15)));
    expect(talk.seen(to).map(({ text }) => text)).toContain("n10, edited");
  }
  await eventually(() => {
    expect(talk.lines("slack")).toContain("Ada: edited after");
    expect(talk.lines("discord")).not.toContain("Grace: deleted");
  });
}, 150_000);

test("with two bridges everything is there once, also when one is killed", async () => {
  const talk = await stage.conversation("two bridges");
  const second = await stage.stack.startBridge();
  const sayAll = async (from: number) => {
    for (const n of upTo(20, from)) {
      for (const platform of PLATFORMS) talk.say(platform, PERSON[platform], `n${String(n)}`);
      await sleep(15);
    }
  };
  await sayAll(0);
  const killed = second.kill();
  await sayAll(20);
  await killed;
  // A delivery that the killed one held waits for its lease and the quarantine: usually some 125 s in all.
  await eventually(
    () => {
      expect(numbers(talk, "slack")).toEqual(upTo(40));
      // Slack sends each event to one of its sockets. What the killed one had not acknowledged comes later, to the other.
      const onDiscord = numbers(talk, "discord").toSorted((a, b) => a - b);
      expect(onDiscord).toEqual(upTo(40));
    },
    { timeout: 200_000, interval: 500 },
  );
}, 240_000);
