import { expect, it, describe } from "vitest";
import { FatalError, PlatformError } from "../../../bridges/core/shared/errors.ts";
import { delivery } from "../recording_core.ts";
import { soon, start, useSlackStage } from "./stage.ts";

useSlackStage();

async function failure(attempt: Promise<unknown>): Promise<PlatformError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PlatformError) return error;
  throw new Error("expected a PlatformError", { cause: error });
}

describe("a post", () => {
  it("has the delivery's id and text, and nothing in it unfurls or pings", async () => {
    const { slack, bridge, channel, ada, lines } = await start();
    const root = slack.say({ channel, person: ada, text: "?" });
    const [piece] = bridge.render("**Hi** <@U1> <!channel> & @here", 0);
    if (piece === undefined) throw new Error("no piece");
    const ts = await bridge.post(delivery({ channel, threadId: root }), 2, piece, soon());
    expect(slack.posts).toMatchObject([
      {
        id: ts,
        channel,
        thread: root,
        pings: [],
        metadata: { event_type: "bridge_delivery", event_payload: { delivery_id: "d1", part: 2 } },
        body: { unfurl_links: "false", unfurl_media: "false", parse: "none" },
      },
    ]);
    expect(slack.posts[0]?.text.replaceAll("\u2060", "")).toBe("**Hi** <@U1> <!channel> & @here");
    expect(slack.posts[0]?.nonce).toMatch(/^[0-9a-f-]{36}$/);
    expect(slack.transcript(channel, root)).toHaveLength(1);
    expect(lines.join("")).not.toContain("**Hi**");
  });

  it("is edited and deleted; deleting it again is a success", async () => {
    const { slack, bridge, channel } = await start();
    const post = delivery({ channel });
    const ts = await bridge.post(post, 0, { text: "one", upTo: 3 }, soon());
    await bridge.edit(post, ts, { text: "two", upTo: 3 }, soon());
    expect(slack.transcript(channel)).toMatchObject([{ id: ts, text: "two" }]);
    await bridge.remove(post, ts, soon());
    await bridge.remove(post, ts, soon());
    expect(slack.transcript(channel)).toEqual([]);
    const gone = await failure(bridge.edit(post, ts, { text: "three", upTo: 5 }, soon()));
    expect(gone).toMatchObject({ code: "message_not_found", retryable: false, certain: true });
  });

  it("that Slack's client cannot make is certainly not sent, and is not made again", async () => {
    const { slack, bridge, channel } = await start();
    const odd = { text: "half of \ud83d", upTo: 9 };
    const failed = await failure(bridge.post(delivery({ channel }), 0, odd, soon()));
    expect(failed).toMatchObject({ code: "not_sent", retryable: false, certain: true });
    expect(slack.posts).toEqual([]);
  });

  it.each([2_999, 3_000, 11_999])(
    "with an emoji after %s letters is posted whole",
    async (count) => {
      const { slack, bridge, channel } = await start();
      const text = `${"x".repeat(count)}😀`;
      const pieces = bridge.render(text, 0);
      for (const [part, piece] of pieces.entries())
        await bridge.post(delivery({ channel }), part, piece, soon());
      expect(slack.posts.map((post) => post.text).join("")).toBe(text);
    },
  );

  it("fits for every piece of a long reply", async () => {
    const { slack, bridge, channel } = await start();
    const pieces = bridge.render("word & <@U1> ".repeat(3_000), 0);
    for (const [part, piece] of pieces.entries())
      await bridge.post(delivery({ channel }), part, piece, soon());
    expect(slack.posts).toHaveLength(pieces.length);
  });

  it("is one attempt: what may have arrived is reported as uncertain, and not sent again", async () => {
    const { slack, bridge, channel } = await start();
    const piece = { text: "once", upTo: 4 };
    const attempt = (signal = soon()) => bridge.post(delivery({ channel }), 0, piece, signal);
    slack.answerNext("chat.postMessage", "500AfterAccept");
    expect(await failure(attempt())).toMatchObject({ code: "http_500", certain: false });
    slack.answerNext("chat.postMessage", "hangAfterAccept");
    expect(await failure(attempt(AbortSignal.timeout(200)))).toMatchObject({
      code: "timeout",
      retryable: true,
      certain: false,
    });
    slack.answerNext("chat.postMessage", { retryAfter: 3 });
    expect(await failure(attempt())).toMatchObject({ retryAfterMs: 3_000, certain: true });
    slack.answerNext("chat.postMessage", 429);
    expect(await failure(attempt())).toMatchObject({ code: "ratelimited", certain: true });
    expect(slack.posts).toHaveLength(2);
    expect(
      slack.wire.filter((e) => e.name === "chat.postMessage" && e.direction === "in"),
    ).toHaveLength(4);
  });

  it("is not attempted when no time is left", async () => {
    const { slack, bridge, channel } = await start();
    const attempt = bridge.post(
      delivery({ channel }),
      0,
      { text: "x", upTo: 1 },
      AbortSignal.abort(),
    );
    expect(await failure(attempt)).toMatchObject({ code: "timeout", certain: true });
    expect(slack.wire.filter(({ name }) => name === "chat.postMessage")).toEqual([]);
  });

  it("that a channel does not accept fails with a step, and the failure is about the mapping", async () => {
    const { slack, bridge, channel, fatal } = await start();
    const attempt = (to = channel) =>
      failure(bridge.post(delivery({ channel: to }), 0, { text: "x", upTo: 1 }, soon()));
    slack.setBotMember(channel, false);
    expect(await attempt()).toMatchObject({
      code: "not_in_channel",
      retryable: false,
      mapping: true,
      step: expect.stringContaining("/invite"),
    });
    slack.setArchived(channel, true);
    expect(await attempt()).toMatchObject({ code: "is_archived", mapping: true });
    expect(await attempt("C000")).toMatchObject({ code: "channel_not_found", mapping: true });
    expect(fatal).toEqual([]);
  });

  it("with a revoked token ends the process once, and can be sent later", async () => {
    const { slack, bridge, channel, fatal } = await start();
    for (let n = 0; n < 2; n += 1) {
      slack.answerNext("chat.postMessage", { error: "token_revoked" });
      const attempt = bridge.post(delivery({ channel }), 0, { text: "x", upTo: 1 }, soon());
      expect(await failure(attempt)).toMatchObject({ retryable: true, certain: true });
    }
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toBeInstanceOf(FatalError);
  });
});
