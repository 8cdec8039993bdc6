import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { deliveryOf } from "../../../test/support/core_material.ts";
import { startWorker, stopWorkers } from "../../../test/support/outbox_fakes.ts";
import type { Delivery, Found } from "../../platform.ts";
import { PlatformError } from "../shared/errors.ts";
import { eventually } from "../../../test/support/eventually.ts";

afterEach(stopWorkers);

const unknown = (fields: Partial<Delivery> = {}) =>
  deliveryOf("d1", { outcomeUnknown: true, attempts: 2, ...fields });

function finding(...found: Found[]): () => Promise<Found> {
  return () => Promise.resolve(found.shift() ?? { status: "absent" });
}

describe("a post of unknown outcome", () => {
  test("that is found is settled, and the pieces behind it are posted without a search", async () => {
    const { outbox, platform } = startWorker();
    platform.onFind = finding({ status: "posted", externalId: "found" });
    outbox.add(unknown());
    await eventually(() => {
      expect(outbox.settled.at(-1)?.settlement).toMatchObject({ last: true });
    });
    expect(platform.did).toEqual(["find d1 0", "d1 1 two.", "d1 2 three."]);
    expect(outbox.settled[0]?.settlement).toMatchObject({
      kind: "posted",
      post: { part: 0, externalId: "found", upTo: 4 },
      last: false,
    });
  });

  test("is searched for twice before it is sent again, and Convex is asked last", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { outbox, platform } = startWorker({ lookAgainMs: 60 });
    platform.onFind = finding();
    outbox.add(unknown({ content: "one." }));
    await vi.advanceTimersByTimeAsync(59);
    expect(platform.did).toEqual(["find d1 0"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(outbox.kinds()).toEqual(["verify", "posted"]);
    expect(platform.did).toEqual(["find d1 0", "find d1 0", "d1 0 one."]);
    expect(outbox.settled[0]?.settlement).toEqual({ kind: "verify", part: 0 });
  });

  test("that becomes visible only at the second search is not sent again", async () => {
    const { outbox, platform } = startWorker();
    platform.onFind = finding({ status: "absent" }, { status: "posted", externalId: "late" });
    outbox.add(unknown({ content: "one." }));
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({ post: { externalId: "late" } });
    });
    expect(platform.did).toEqual(["find d1 0", "find d1 0"]);
  });

  test("that its holder reported after the search is not sent again", async () => {
    const { outbox, platform } = startWorker();
    outbox.holds = ({ kind }) => kind !== "verify";
    outbox.add(unknown());
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["verify", "release"]);
    });
    expect(platform.did).toEqual(["find d1 0", "find d1 0"]);
  });

  test("that the platform would recognise is sent at once", async () => {
    const { outbox, platform } = startWorker({ lookAgainMs: 60_000 });
    platform.onFind = finding({ status: "repeatable" });
    outbox.add(unknown({ content: "one." }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["posted"]);
    });
    expect(platform.did).toEqual(["find d1 0", "d1 0 one."]);
  });

  test("that cannot be decided fails with the reason", async () => {
    const { outbox, platform } = startWorker();
    platform.onFind = finding({ status: "unsure", reason: "there are two" });
    outbox.add(unknown());
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({
        kind: "failed",
        code: "OUTCOME_UNKNOWN",
        reason: "it may or may not be posted: there are two",
        certain: false,
      });
    });
    expect(platform.did).toEqual(["find d1 0"]);
  });

  test("made by another version of the renderer fails without a search", async () => {
    const { outbox, platform } = startWorker();
    outbox.add(unknown({ format: "fake 0" }));
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    });
    expect(platform.did).toEqual([]);
  });

  test.each([
    [
      "that is temporary is retried, with the outcome still unknown",
      true,
      { kind: "retry", code: "503" },
    ],
    ["that needs a person fails with the step", false, { kind: "failed", step: "Let it read" }],
  ])("and a search error %s", async (_, retryable, settlement) => {
    const { outbox, platform } = startWorker();
    platform.onFind = () =>
      Promise.reject(
        new PlatformError({
          code: "503",
          reason: "no",
          certain: true,
          retryable,
          ...(retryable ? {} : { step: "Let it read" }),
        }),
      );
    outbox.add(unknown());
    await eventually(() => {
      expect(outbox.settled[0]?.settlement).toMatchObject({ ...settlement, certain: false });
    });
    expect(platform.did).toEqual(["find d1 0"]);
  });

  test("is not sent when the lease would expire", async () => {
    const { outbox, platform } = startWorker({ postMs: 100, reserveMs: 0, marginMs: 0 });
    platform.onFind = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return { status: "absent" };
    };
    outbox.add(unknown({ leaseMs: 200 }));
    await eventually(() => {
      expect(outbox.kinds().at(-1)).toBe("release");
    });
    expect(platform.did.filter((did) => !did.startsWith("find"))).toEqual([]);
  });

  test("does not delay a shutdown", async () => {
    const { outbox, platform, worker } = startWorker({ lookAgainMs: 60_000 });
    outbox.add(unknown());
    await eventually(() => {
      expect(platform.did).toHaveLength(1);
    });
    expect(await worker.stop(1_000)).toBe(true);
    expect(outbox.kinds()).toEqual(["release"]);
  });

  test("added by an edit is searched for too", async () => {
    const { outbox, platform } = startWorker();
    platform.onFind = finding({ status: "posted", externalId: "found" });
    const posts = [{ part: 0, externalId: "p0", upTo: 4 }];
    outbox.add(unknown({ op: "edit", content: "one. two.", posts }));
    await eventually(() => {
      expect(outbox.kinds()).toEqual(["posted", "done"]);
    });
    expect(platform.did).toEqual(["edit p0 one.", "find d1 1"]);
  });
});

describe("a late delivery, which a restored backup may have brought back", () => {
  const late = (fields: Partial<Delivery> = {}) => deliveryOf("d1", { lookFirst: true, ...fields });

  test("is settled with each of its posts that is found, and goes on behind them", async () => {
    const { outbox, platform } = startWorker();
    platform.onFind = finding({ status: "posted", externalId: "a" }, { status: "absent" });
    outbox.add(late({ content: "one. two." }));
    await eventually(() => {
      expect(outbox.settled.at(-1)?.settlement).toMatchObject({ last: true });
    });
    expect(platform.did).toEqual(["find d1 0", "find d1 1", "d1 1 two."]);
    expect(outbox.settled[0]?.settlement).toMatchObject({ post: { externalId: "a" } });
  });

  test("is sent where the platform does not say, or can't be asked", async () => {
    const { outbox, platform } = startWorker();
    const answers: (() => Promise<Found>)[] = [
      () => Promise.resolve({ status: "unsure", reason: "too many" }),
      () => Promise.reject(new Error("no history")),
    ];
    platform.onFind = () => (answers.shift() ?? finding())();
    outbox.add(late({ content: "one. two." }));
    await eventually(() => {
      expect(outbox.settled.at(-1)?.settlement).toMatchObject({ last: true });
    });
    expect(platform.did).toEqual(["find d1 0", "d1 0 one.", "find d1 1", "d1 1 two."]);
  });
});
