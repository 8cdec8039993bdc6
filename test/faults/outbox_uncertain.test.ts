import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import type { AnswerFault } from "../../scripts/stand_ins/wire.ts";
import { OutboxStage, type Room } from "./outbox_stage.ts";

/*
 * Posts fail while the bridge keeps running. Every failure happens in the first seconds, in a room of its own; the tests
 * check the result after the quarantine.
 */

const QUARANTINE_MS = 25_000;

/** By name: what happens to the post, and whether the platform accepted it. */
const UNCERTAIN: readonly (readonly [name: string, fault: AnswerFault])[] = [
  ["HTTP 500 after the post was accepted", "500AfterAccept"],
  ["no answer after the post was accepted", "hangAfterAccept"],
  ["no answer, and the post was not accepted", "hang"],
  ["HTTP 502, and the post was not accepted", 502],
];

let stage: OutboxStage;
const rooms = new Map<string, Room>();
const posted: Record<string, number> = {};

async function open(platform: "discord" | "slack", name: string): Promise<Room> {
  const room = await stage.room(platform, name);
  rooms.set(`${platform} ${name}`, room);
  return room;
}
function room(platform: "discord" | "slack", name: string): Room {
  const found = rooms.get(`${platform} ${name}`);
  if (!found) throw new Error(`no room ${name}`);
  return found;
}

beforeAll(async () => {
  stage = await OutboxStage.open();
  for (const platform of PLATFORMS) {
    for (const [name] of UNCERTAIN) await open(platform, name);
    for (const name of ["limited", "refused", "free"]) await open(platform, name);
  }
  await stage.stack.startBridge();
  await Promise.all(
    PLATFORMS.map(async (platform) => {
      for (const [name, fault] of UNCERTAIN) await room(platform, name).askFailing(fault);
      await room(platform, "limited").askFailing({ retryAfter: 12 });
      const error = platform === "discord" ? "50013" : "restricted_action";
      await room(platform, "refused").askFailing({ error });
      posted[platform] = stage.asked(platform, "post").length;
      // The search itself is refused for a while, once.
      stage.answerNext(platform, "read", { retryAfter: 1 });
    }),
  );
  for (const platform of PLATFORMS) room(platform, "free").ask("And here?");
}, 90_000);

afterAll(async () => {
  expect([...stage.stack.discord.refused, ...stage.stack.slack.refused]).toEqual([]);
  await stage.stack.stop();
});

describe.each(PLATFORMS)("on %s", (platform) => {
  test("the SDK repeats no post by itself", async () => {
    // One request per room, plus the free room's: all others come later, from the outbox.
    expect(posted[platform]).toBe(UNCERTAIN.length + 2);
  });

  test("a post that the platform refuses fails, and the channel's health says what to do", async () => {
    const refused = room(platform, "refused");
    await refused.settled(10_000);
    const { failed, health, open: waiting } = await refused.status();
    expect(waiting).toBe(0);
    expect(failed).toMatchObject([{ outcomeUnknown: false }]);
    expect(health).toMatchObject([{ direction: "out", code: failed[0]?.code }]);
    expect(health[0]?.step).toMatch(/Permissions/);
    // The permission is granted: the next success clears the mark.
    await stage.admin.mutation(api.admin.retry, { deliveryId: failed[0]?.deliveryId ?? "" });
    await refused.settled(10_000);
    await refused.expectAllOnce();
  });

  test("a rate limit is waited out for as long as the platform says", async () => {
    const limited = room(platform, "limited");
    await limited.settled(40_000);
    await limited.expectAllOnce();
    const [post] = limited.posts;
    const [asked] = (await stage.rows()).filter(
      (row) => row.channel === limited.channel && row.kind === "reply",
    );
    expect((post?.at ?? 0) - (asked?._creationTime ?? 0)).toBeGreaterThanOrEqual(12_000);
  }, 45_000);

  test("a lane that waits delays no other", () => {
    // Asked last, but posted before all those that wait.
    const [free] = room(platform, "free").posts;
    const [limited] = room(platform, "limited").posts;
    expect(free?.at ?? Infinity).toBeLessThan((limited?.at ?? 0) - 5_000);
  });

  test.each(UNCERTAIN)(
    "%s: the reply is posted once",
    async (name) => {
      const one = room(platform, name);
      await one.settled(120_000);
      await one.expectAllOnce();
    },
    125_000,
  );

  test("no post of unknown outcome was repeated before the quarantine had passed", () => {
    const requests = stage.asked(platform, "post");
    const first = requests[0] ?? 0;
    const repeated = requests.slice(UNCERTAIN.length + 4);
    expect(repeated.filter((at) => at < first + QUARANTINE_MS).length).toBeLessThanOrEqual(1);
  });
});
