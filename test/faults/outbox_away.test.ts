import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { OutboxStage, type Room } from "./outbox_stage.ts";

/*
 * A process that holds a lease and does not know that it has ended. Three stacks, because each test stops a whole process
 * or deployment; their waits overlap.
 */

const LEASE_MS = 60_000;

/** Starts a stack with a bridge. One after another, because starting takes the most processor time. */
type Story = () => Promise<void>;

const stages: OutboxStage[] = [];
let late: Room[];
let told: Room[];
let frozen: Record<"landed" | "lost", Room[]>;

async function openStage(): Promise<OutboxStage> {
  const stage = await OutboxStage.open();
  stages.push(stage);
  return stage;
}

const roomsOf = (stage: OutboxStage, name: string) =>
  Promise.all(PLATFORMS.map((platform) => stage.room(platform, name)));

/** A claim's answer arrives 45 s after the lease began. */
async function claimAnsweredLate(): Promise<Story> {
  const stage = await openStage();
  late = await roomsOf(stage, "late");
  await stage.stack.startBridge();
  return async () => {
    const fault = { answerAfterMs: 45_000 };
    await stage.stack.convex.faults.mutations(fault, { path: "bridge:claim", times: 2 });
    for (const room of late) room.ask("Why?");
    await Promise.all(late.map((room) => room.posted(1, 100_000)));
  };
}

/** Convex becomes unreachable while the posts are being sent, and returns after the lease has ended. */
async function convexAwayAfterPost(): Promise<Story> {
  const stage = await openStage();
  const { convex } = stage.stack;
  told = await roomsOf(stage, "told");
  await stage.stack.startBridge();
  return async () => {
    // Each platform's first settlement is lost, and Convex is unreachable when it is repeated.
    await convex.faults.mutations("lostBefore", { path: "bridge:settle", times: 3 });
    for (const room of told) room.ask("Why?");
    await Promise.all(told.map((room) => room.posted(1)));
    await convex.faults.away();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 5_000));
    await convex.faults.back();
    await Promise.all(told.map((room) => room.settled(90_000)));
  };
}

/** A process is frozen while posts are being sent; another one takes over; then it thaws. */
async function frozenPastItsLease(): Promise<Story> {
  const stage = await openStage();
  frozen = { landed: await roomsOf(stage, "landed"), lost: await roomsOf(stage, "lost") };
  const bridge = await stage.stack.startBridge();
  return async () => {
    for (const room of frozen.landed) await room.askFailing("hangAfterAccept");
    for (const room of frozen.lost) await room.askFailing("hang");
    bridge.freeze();
    await stage.stack.startBridge();
    const all = [...frozen.landed, ...frozen.lost];
    await Promise.all(all.map((room) => room.settled(LEASE_MS + 90_000)));
    bridge.thaw();
    expect(await bridge.stop()).toBe(0);
  };
}

beforeAll(async () => {
  const stories = [
    await claimAnsweredLate(),
    await convexAwayAfterPost(),
    await frozenPastItsLease(),
  ];
  await Promise.all(stories.map((tell) => tell()));
}, 280_000);

afterAll(async () => {
  for (const { stack } of stages) {
    expect([...stack.discord.refused, ...stack.slack.refused]).toEqual([]);
  }
  await Promise.all(stages.map(({ stack }) => stack.stop()));
});

test("a claim answered 45 s late is released unused, and the reply is posted once under a new one", async () => {
  for (const room of late) await room.expectAllOnce();
});

test("a post reported after the lease has ended counts, and is not repeated", async () => {
  for (const room of told) await room.expectAllOnce();
});

test("frozen past its lease after the post was accepted: the next one finds it", async () => {
  for (const room of frozen.landed) await room.expectAllOnce();
});

test("frozen past its lease before the post was accepted: the next one posts it", async () => {
  for (const room of frozen.lost) await room.expectAllOnce();
});
