import { expect, test, vi } from "vitest";
import { Wire } from "./wire.ts";
import { eventually } from "../../test/support/eventually.ts";

/** Sends frames named by their text. Returns those that got through. */
function sender(wire: Wire): {
  readonly send: (...texts: string[]) => void;
  readonly passed: string[];
} {
  const passed: string[] = [];
  const send = (...texts: string[]) => {
    for (const text of texts) wire.send(text, () => passed.push(text));
  };
  return { send, passed };
}

test("frames are dropped, doubled, swapped and delayed, once per fault", async () => {
  const wire = new Wire();
  const { send, passed } = sender(wire);
  wire.frameNext("a", "drop");
  wire.frameNext("b", "double");
  wire.frameNext("c", "swap");
  wire.frameNext("d", { delayMs: 20 });
  send("a", "b", "c", "a", "d", "e");
  expect(passed).toEqual(["b", "b", "a", "c", "e"]);
  await eventually(() => expect(passed).toEqual(["b", "b", "a", "c", "e", "d"]));
  expect(wire.entries.map(({ name }) => name)).toEqual(["a", "b", "c", "a", "d", "e"]);
});

test("a swapped frame without a successor is sent after a timeout", async () => {
  vi.useFakeTimers();
  try {
    const wire = new Wire();
    const { send, passed } = sender(wire);
    wire.frameNext("a", "swap");
    send("a");
    expect(passed).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(passed).toEqual(["a"]);
    send("b");
    expect(passed).toEqual(["a", "b"]);
  } finally {
    vi.useRealTimers();
  }
});

test("a frame that arrives can be lost", () => {
  const wire = new Wire();
  wire.frameNext("ack", "drop");
  expect([wire.received("ack"), wire.received("ack")]).toEqual([false, true]);
});

test("a storm answers every request of a name until it ends, or of every name", () => {
  const wire = new Wire();
  const calm = wire.storm({ retryAfter: 1 }, "post");
  expect([wire.request("post"), wire.request("post")]).toEqual([
    { retryAfter: 1 },
    { retryAfter: 1 },
  ]);
  expect(wire.request("read")).toBe("deliver");
  calm();
  expect(wire.request("post")).toBe("deliver");
  const calmAll = wire.storm({ retryAfter: 2, global: true });
  expect(wire.request("read")).toEqual({ retryAfter: 2, global: true });
  calmAll();
});

test("an action runs once before or after an entry, by number or by name", () => {
  const wire = new Wire();
  const { send, passed } = sender(wire);
  const happened: string[] = [];
  const plan = (mark: number | string, side: "before" | "after") =>
    wire.at(mark, side, () => happened.push(`${side} ${mark}, passed ${passed.join("")}`));
  plan(2, "before");
  plan("c", "after");
  send("a", "b", "c", "b", "c");
  expect(passed).toEqual(["a", "c", "b", "c"]);
  expect(happened).toEqual(["before 2, passed a", "after c, passed ac"]);

  plan("ask", "before");
  expect(wire.request("ask")).toBe("hang");
  plan("ask", "after");
  expect(wire.request("ask")).toBe("hangAfterAccept");
  plan("ack", "before");
  expect([wire.received("ack"), wire.received("ack")]).toEqual([false, true]);
  plan("ask", "before")();
  expect(wire.request("ask")).toBe("deliver");
  expect(happened).toHaveLength(5);
});

test("an answer is not sent when an action runs before it", () => {
  const wire = new Wire();
  const sent: number[] = [];
  wire.at("ask", "before", () => undefined);
  wire.answer("ask", 200, () => sent.push(1));
  wire.answer("ask", 200, () => sent.push(2));
  expect(sent).toEqual([2]);
});

test("listeners receive every entry as it is logged", () => {
  const wire = new Wire();
  const heard: number[] = [];
  const stop = wire.onEntry(({ n }) => heard.push(n));
  wire.request("a");
  wire.received("b");
  stop();
  wire.request("c");
  expect(heard).toEqual([1, 2]);
});
