import { afterEach, describe, expect, test } from "vitest";
import { deliveryOf } from "../../../test/support/core_material.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startWorker, stopWorkers } from "../../../test/support/outbox_fakes.ts";
import type { Delivery } from "../../platform.ts";
import type { Draft } from "../convex/backend.ts";
import { PlatformError, type PlatformErrorFields } from "../shared/errors.ts";

afterEach(stopWorkers);

// Ids are opaque.
const draft = "draft" as NonNullable<Delivery["draft"]>;
const POSTED = { kind: "posted", last: false };
const ENDED = { kind: "posted", last: true };

/** A worker that has posted the beginning of an answer and follows it. */
async function following(content = "one.", more: Partial<Delivery> = {}, limits = {}) {
  const { outbox, platform, worker } = startWorker(limits);
  outbox.add(deliveryOf("d1", { content, draft, ...more }));
  await eventually(() => expect(outbox.onDraft).toBeDefined());
  let revision = 0;
  const say = (text: string, waiting = {}): void =>
    outbox.onDraft?.({ text, revision: ++revision, ...waiting });
  const settlements = () => outbox.settled.map(({ settlement }) => settlement);
  return { outbox, platform, worker, say, settlements };
}

const throwing = (fields: Partial<PlatformErrorFields>) => () =>
  Promise.reject(
    new PlatformError({ code: "x", reason: "no", retryable: false, certain: true, ...fields }),
  );

describe("a delivery of an answer that is being written", () => {
  test("is posted and reported, edited as the answer grows, and settled when that is whole", async () => {
    const { outbox, platform, say, settlements } = await following();
    expect(platform.did).toEqual(["d1 0 one."]);
    expect(settlements()).toMatchObject([POSTED]);
    say("one.");
    say("one and a half.");
    await eventually(() => expect(platform.did.at(-1)).toBe("edit post-0 one and a half."));
    outbox.onDraft?.(null);
    await eventually(() => expect(settlements()).toMatchObject([POSTED, ENDED]));
    expect(settlements()[1]).toMatchObject({ post: { part: 0, externalId: "post-0", upTo: 4 } });
    expect(platform.did).toHaveLength(2);
    expect(outbox.onDraft).toBeUndefined();
  });

  test("has one edit at a time, and the newest text wins", async () => {
    const { platform, say } = await following();
    let release = (): void => undefined;
    platform.onEdit = () => new Promise((resolve) => (release = resolve));
    say("one a.");
    await eventually(() => expect(platform.did).toHaveLength(2));
    for (const text of ["one b.", "one c.", "one d."]) say(text);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(platform.did).toHaveLength(2);
    release();
    await eventually(() => expect(platform.did).toHaveLength(3));
    expect(platform.did.slice(1)).toEqual(["edit post-0 one a.", "edit post-0 one d."]);
  });

  test("drops an older text that comes late", async () => {
    const { outbox, platform } = await following();
    const push = (text: string, revision: number) => outbox.onDraft?.({ text, revision });
    push("one b.", 2);
    push("one a.", 1);
    await eventually(() => expect(platform.did).toHaveLength(2));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(platform.did.slice(1)).toEqual(["edit post-0 one b."]);
  });

  test.each<[string, Draft]>([
    ["its lane is wanted", { text: "one a.", revision: 1, waiting: true }],
    ["it fills more posts", { text: "one. two.", revision: 1 }],
    ["it was withdrawn", null],
  ])("ends when %s, without another edit", async (_what, state) => {
    const { outbox, platform, settlements } = await following();
    outbox.onDraft?.(state);
    await eventually(() => expect(settlements()).toMatchObject([POSTED, ENDED]));
    expect(platform.did).toHaveLength(1);
  });

  test("ends in time before its lease does", async () => {
    const limits = { postMs: 1_000, reserveMs: 0, marginMs: 0 };
    const { settlements } = await following("one.", { leaseMs: 1_500 }, limits);
    await eventually(() => expect(settlements()).toMatchObject([POSTED, ENDED]), {
      timeout: 2_000,
    });
  });

  test("ends when the process stops", async () => {
    const { worker, settlements } = await following();
    expect(await worker.stop(1_000)).toBe(true);
    expect(settlements()).toMatchObject([POSTED, ENDED]);
  });

  test("ends when an edit fails: the edit behind it says what is wrong", async () => {
    const { platform, say, settlements } = await following();
    platform.onEdit = throwing({});
    say("one a.");
    await eventually(() => expect(settlements()).toMatchObject([POSTED, ENDED]));
  });

  test("waits for the quarantine where it is unknown if an edit was made", async () => {
    const { platform, say, settlements } = await following();
    platform.onEdit = throwing({ retryable: true, certain: false });
    say("one a.");
    await eventually(() =>
      expect(settlements()).toMatchObject([POSTED, { kind: "retry", certain: false }]),
    );
  });

  test("goes on after a rate limit, with the newest text", async () => {
    const { platform, say } = await following();
    const at: number[] = [];
    platform.onEdit = () => {
      at.push(performance.now());
      return at.length > 1 ? Promise.resolve() : throwing({ retryable: true, retryAfterMs: 300 })();
    };
    say("one a.");
    await eventually(() => expect(platform.did).toHaveLength(2), { interval: 5 });
    say("one b.");
    await eventually(() => expect(platform.did).toHaveLength(3));
    expect(platform.did.at(-1)).toBe("edit post-0 one b.");
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(300);
  });

  test("edits only the posts that change, also in the edit behind it", async () => {
    const { outbox, platform, say } = await following("one. two.");
    outbox.queued.push(
      deliveryOf("d2", {
        op: "edit",
        content: "one. two b. three.",
        posts: [0, 1].map((part) => ({ part, externalId: `post-${part}`, upTo: 4 + part * 5 })),
      }),
    );
    say("one. two a.");
    await eventually(() => expect(platform.did).toHaveLength(3));
    say("one. two b. three.");
    await eventually(() => expect(outbox.kinds().at(-1)).toBe("done"));
    expect(platform.did.slice(2)).toEqual([
      "edit post-1 two a.",
      "edit post-1 two b.",
      "d2 2 three.",
    ]);
  });

  test("leaves posts that an attempt does not fill again, until the answer is whole", async () => {
    const posts = [0, 1].map((part) => ({ part, externalId: `post-${part}`, upTo: 4 + part * 5 }));
    const { outbox, platform, say } = await following("uno.", { op: "edit", posts });
    expect(platform.did).toEqual(["edit post-0 uno."]);
    say("uno e.");
    await eventually(() => expect(platform.did.at(-1)).toBe("edit post-0 uno e."));
    outbox.queued.push(deliveryOf("d2", { op: "edit", content: "uno e.", posts }));
    outbox.onDraft?.(null);
    await eventually(() => expect(outbox.kinds()).toEqual(["done", "done"]));
    expect(platform.did.slice(2)).toEqual(["remove post-1"]);
  });

  test("waits for more if nothing of it shows yet", async () => {
    const { outbox, platform } = startWorker();
    outbox.add(deliveryOf("d1", { content: ">", draft }));
    await eventually(() => expect(outbox.settled).toHaveLength(1));
    expect(outbox.settled[0]?.settlement).toMatchObject({
      kind: "retry",
      certain: true,
      limited: true,
    });
    expect(platform.did).toEqual([]);
  });

  test("takes no other lane's place while it waits", async () => {
    const { outbox, platform } = await following("one.", {}, { lanes: 1 });
    outbox.add(deliveryOf("d2", { content: "two." }));
    await eventually(() => expect(platform.did).toContain("d2 0 two."));
  });
});

test("lanes that share a limit wait for each other", async () => {
  const { outbox, platform, say } = await following();
  platform.liveEdits.allMs = 150;
  const first = outbox.onDraft;
  outbox.add(
    deliveryOf("d2", {
      content: "two.",
      draft,
      conversationId: "c2" as Delivery["conversationId"],
    }),
  );
  await eventually(() => expect(outbox.onDraft).not.toBe(first));
  const start = performance.now();
  first?.({ text: "one a.", revision: 1 });
  say("two a.");
  await eventually(() => expect(platform.did).toHaveLength(4));
  expect(performance.now() - start).toBeGreaterThanOrEqual(150);
});
