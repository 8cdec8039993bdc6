import { z } from "zod";
import { WebSocket } from "ws";
import { type Envelope, listener, setting, webClient } from "../test_clients.ts";
import { afterEach, describe, expect, it } from "vitest";
import { cleanUp, start } from "../test_clients.ts";
import { eventually } from "../../../../test/support/eventually.ts";

afterEach(cleanUp);

describe("Socket Mode", () => {
  it("retries an unacknowledged event three times under the same id, then gives up", async () => {
    const slack = await start({ ackWithinMs: 1_000, redeliverAfterMs: [0, 20, 40] });
    const channel = slack.addChannel("general");
    const person = slack.addPerson("Ada");
    const seen: [string, string | undefined, number][] = [];
    await listener(slack, async ({ ack, body, retry_num }) => {
      seen.push([body.event_id, body.event.text, retry_num]);
      if (body.event.text === "heard") await ack();
    });

    slack.say({ channel, person, text: "heard" });
    slack.say({ channel, person, text: "hello?" });
    await eventually(() => expect(slack.abandoned).toHaveLength(1), 5_000);

    const eventId = slack.abandoned[0]?.eventId;
    expect(seen.slice(1)).toEqual([0, 1, 2, 3].map((attempt) => [eventId, "hello?", attempt]));
    expect(slack.abandoned).toEqual([{ eventId, attempts: 4 }]);
    expect(slack.acks).toMatchObject([{ eventId: seen[0]?.[0], attempt: 0 }]);
  });

  it("stops sending once an attempt is acknowledged in time, and ignores a late acknowledgement", async () => {
    const slack = await start({ ackWithinMs: 1_000, redeliverAfterMs: [0, 0, 0] });
    const channel = slack.addChannel("general");
    let first: Envelope | undefined;
    await listener(slack, async (given) => {
      first ??= given;
      if (given.retry_num === 0) return;
      await first.ack(); // Long after the deadline.
      if (given.retry_num === 2) await given.ack();
    });

    slack.say({ channel, person: slack.addPerson("Ada"), text: "hello?" });
    await eventually(() => expect(slack.acks).toHaveLength(1), 5_000);

    expect(slack.acks[0]).toMatchObject({ eventId: first?.body.event_id, attempt: 2 });
    expect(slack.undelivered()).toBe(0);
    expect(slack.wire.filter(({ name }) => name === "late ack")).toHaveLength(2);
  });

  it("delivers an event by a retry when no socket was open", async () => {
    const slack = await start({ redeliverAfterMs: [0, 400, 400, 400, 400, 400] });
    const channel = slack.addChannel("general");
    const ts = slack.say({ channel, person: slack.addPerson("Ada"), text: "anybody?" });
    const seen: [unknown, number][] = [];
    await listener(slack, async ({ ack, body, retry_num }) => {
      seen.push([body.event.ts, retry_num]);
      await ack();
    });
    await eventually(() => expect(slack.acks).toHaveLength(1), 3_000);
    expect(seen).toEqual([[ts, expect.toSatisfy((attempt: number) => attempt > 1)]]);
  });

  it("sends each event to one of two sockets, and some to both", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const ada = slack.addPerson("Ada");
    const got: [string[], string[]] = [[], []];
    for (const mine of got) {
      await listener(slack, async ({ ack, body }) => {
        mine.push(body.event_id);
        await ack();
      });
    }
    expect(slack.connections()).toBe(2);
    for (let n = 0; n < 40; n += 1) slack.say({ channel, person: ada, text: `message ${n}` });
    await eventually(() => expect(slack.acks).toHaveLength(40));
    expect(new Set(got.flat()).size).toBe(40);
    expect(got.flat()).toHaveLength(40);
    expect(Math.min(got[0].length, got[1].length)).toBeGreaterThan(5);
  });

  it("makes the client reconnect with a new ticket, after a disconnect frame and after a broken socket", async () => {
    const slack = await start();
    await listener(slack, ({ ack }) => ack());
    const opened = () => slack.wire.filter(({ name }) => name === "hello").length;
    slack.recycleSockets();
    await eventually(() => expect([opened(), slack.connections()]).toEqual([2, 1]), 5_000);
    slack.closeSockets();
    await eventually(() => expect([opened(), slack.connections()]).toEqual([3, 1]), 5_000);
  });

  it("refuses a ticket that has been used", async () => {
    const slack = await start();
    const open = await webClient(
      slack,
      {},
      setting(slack, "SLACK_APP_TOKEN"),
    ).apps.connections.open();
    const url = z.string().parse(open.url);
    const first = new WebSocket(url);
    await new Promise((resolve) => first.once("message", resolve));
    const second = new WebSocket(url);
    await expect(
      new Promise((resolve, reject) => {
        second.once("open", resolve);
        second.once("error", reject);
      }),
    ).rejects.toThrow("403");
    first.terminate();
  });

  it("holds events back and releases them in order", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const ada = slack.addPerson("Ada");
    const texts: unknown[] = [];
    await listener(slack, async ({ ack, body }) => {
      texts.push(body.event.text);
      await ack();
    });
    slack.hold();
    for (const text of ["one", "two", "three"]) slack.say({ channel, person: ada, text });
    expect(slack.undelivered()).toBe(3);
    expect(slack.wire.some(({ name }) => name === "events_api")).toBe(false);
    slack.release();
    await eventually(() => expect(slack.acks).toHaveLength(3));
    expect(texts).toEqual(["one", "two", "three"]);
  });
});
