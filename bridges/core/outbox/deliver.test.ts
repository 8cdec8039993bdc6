import { afterEach, describe, expect, test } from "vitest";
import { PlatformError, type PlatformErrorFields } from "../shared/errors.ts";
import { deliveryOf } from "../../../test/support/core_material.ts";
import { startWorker, stopWorkers } from "../../../test/support/outbox_fakes.ts";
import { eventually } from "../../../test/support/eventually.ts";

afterEach(stopWorkers);

function throwing(fields: Partial<PlatformErrorFields>): () => Promise<void> {
  const error = new PlatformError({
    code: "x",
    reason: "refused",
    retryable: false,
    certain: true,
    ...fields,
  });
  return () => Promise.reject(error);
}

describe("a reply", () => {
  test("is posted piece by piece, each settled before the next is sent", async () => {
    const { outbox, platform } = startWorker();
    platform.onPost = (_, part) => {
      expect(outbox.settled).toHaveLength(part);
      return Promise.resolve();
    };
    outbox.add(deliveryOf("d1", { generation: 4 }));
    await eventually(() => {
      expect(outbox.settled).toHaveLength(3);
    });
    expect(platform.did).toEqual(["d1 0 one.", "d1 1 two.", "d1 2 three."]);
    expect(
      outbox.settled.map(({ generation, settlement }) => ({ generation, ...settlement })),
    ).toEqual(
      [4, 9, 16].map((upTo, part) => ({
        generation: 4,
        kind: "posted",
        post: { part, externalId: `post-${String(part)}`, upTo },
        last: part === 2,
        format: "fake 1",
      })),
    );
  });

  test("that was interrupted resumes at the character where the last piece ended", async () => {
    const { outbox, platform } = startWorker();
    // Unsorted, and split elsewhere than this renderer would.
    const posts = [
      { part: 1, externalId: "b", upTo: 6 },
      { part: 0, externalId: "a", upTo: 4 },
    ];
    outbox.add(deliveryOf("d1", { posts, attempts: 2 }));
    await eventually(() => {
      expect(outbox.settled.at(-1)?.settlement).toMatchObject({ last: true });
    });
    expect(platform.did).toEqual(["d1 2 wo.", "d1 3 three."]);
  });

  test("whose last piece is posted already ends without another post", async () => {
    const { outbox, platform } = startWorker();
    outbox.add(deliveryOf("d1", { posts: [{ part: 0, externalId: "a", upTo: 16 }] }));
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({ kind: "posted", last: true });
    });
    expect(platform.did).toEqual([]);
  });

  test("without text fails", async () => {
    const { outbox } = startWorker();
    outbox.add(deliveryOf("d1", { content: "" }));
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({ kind: "failed", code: "EMPTY" });
    });
  });
});

describe("edits and deletes", () => {
  const posts = [0, 1].map((part) => ({ part, externalId: `p${String(part)}`, upTo: part }));

  test("an edit replaces the posts it needs and removes the others", async () => {
    const { outbox, platform } = startWorker();
    outbox.add(deliveryOf("d1", { op: "edit", content: "new.", posts }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["done"]);
    });
    expect(platform.did).toEqual(["edit p0 new.", "remove p1"]);
  });

  test("a longer edit posts the added pieces", async () => {
    const { outbox, platform } = startWorker();
    outbox.add(deliveryOf("d1", { op: "edit", posts }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["posted", "done"]);
    });
    expect(platform.did).toEqual(["edit p0 one.", "edit p1 two.", "d1 2 three."]);
  });

  test("a delete removes every post", async () => {
    const { outbox, platform } = startWorker();
    outbox.add(deliveryOf("d1", { op: "delete", posts }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["done"]);
    });
    expect(platform.did).toEqual(["remove p0", "remove p1"]);
  });
});

describe("an error of the platform", () => {
  test.each<[string, Partial<PlatformErrorFields>, object]>([
    [
      "that is temporary is retried after a second",
      { retryable: true, code: "503" },
      { kind: "retry", code: "503", certain: true, afterMs: expect.closeTo(750, -3) as unknown },
    ],
    [
      "is retried after the time that the platform names",
      { retryable: true, retryAfterMs: 7_000 },
      { kind: "retry", afterMs: 7_000 },
    ],
    [
      "that leaves the outcome unknown says so",
      { retryable: true, certain: false },
      { kind: "retry", certain: false },
    ],
    [
      "that needs an admin fails with the step, and marks the mapping",
      { code: "50013", step: "Allow it to post", mapping: true },
      { kind: "failed", code: "50013", step: "Allow it to post", health: true, certain: true },
    ],
  ])("%s", async (_, fields, settlement) => {
    const { outbox, platform } = startWorker();
    platform.onPost = throwing(fields);
    outbox.add(deliveryOf("d1"));
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject(settlement);
    });
    expect(outbox.settled).toHaveLength(1);
  });

  test("waits longer with each attempt, up to five minutes", async () => {
    const { outbox, platform } = startWorker();
    platform.onPost = throwing({ retryable: true });
    outbox.add(deliveryOf("d1", { attempts: 4 }), deliveryOf("d2", { attempts: 60 }));
    await eventually(() => {
      expect(outbox.settled).toHaveLength(2);
    });
    const [fourth = 0, sixtieth = 0] = outbox.settled.map(({ settlement }) =>
      settlement.kind === "retry" ? settlement.afterMs : 0,
    );
    expect(fourth).toBeGreaterThanOrEqual(4_000);
    expect(fourth).toBeLessThanOrEqual(8_000);
    expect(sixtieth).toBeLessThanOrEqual(300_000);
    expect(sixtieth).toBeGreaterThanOrEqual(150_000);
  });

  test("a request that never ends is abandoned at its deadline, with an unknown outcome", async () => {
    const { outbox, platform } = startWorker({ postMs: 20 });
    let aborted = false;
    platform.onPost = (_delivery, _part, signal) =>
      new Promise(() => {
        signal.addEventListener("abort", () => (aborted = true));
      });
    outbox.add(deliveryOf("d1"));
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({
        kind: "retry",
        code: "timeout",
        certain: false,
      });
    }, 3_000);
    expect(aborted).toBe(true);
  });

  test("an unexpected error leaves the outcome unknown, and its text is not reported", async () => {
    const { outbox, platform } = startWorker();
    platform.onPost = () => Promise.reject(new TypeError("what somebody wrote"));
    outbox.add(deliveryOf("d1"));
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({ kind: "retry", certain: false });
    });
    expect(JSON.stringify(outbox.settled)).not.toContain("wrote");
  });
});
