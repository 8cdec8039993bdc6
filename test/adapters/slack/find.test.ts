import { describe, expect, it } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import type { Delivery } from "../../../bridges/platform.ts";
import type { Setup } from "./stage.ts";
import { delivery, soon, start } from "./stage.ts";

const piece = { text: "because", upTo: 7 };

function of({ channel }: Setup, fields: Partial<Delivery> = {}): Delivery {
  return delivery({ channel, firstClaimedAt: Date.now(), outcomeUnknown: true, ...fields });
}
const find = ({ bridge }: Setup, what: Delivery, part = 0) =>
  bridge.find(what, part, piece, soon());
const post = ({ bridge }: Setup, what: Delivery, part = 0) =>
  bridge.post(what, part, piece, soon());

describe("a post whose answer was lost", () => {
  it("is found by the id it carries, and no other is taken for it", async () => {
    const setup = await start();
    const ts = await post(setup, of(setup));
    await post(setup, of(setup, { deliveryId: "d2" as Delivery["deliveryId"] }));
    expect(await find(setup, of(setup))).toEqual({ status: "posted", externalId: ts });
    expect(await find(setup, of(setup), 1)).toEqual({ status: "absent" });
    expect(await find(setup, of(setup, { deliveryId: "d3" as Delivery["deliveryId"] }))).toEqual({
      status: "absent",
    });
  });

  it("is looked for in its thread", async () => {
    const setup = await start();
    const { slack, channel, ada } = setup;
    const threadId = slack.say({ channel, person: ada, text: "why?" });
    const ts = await post(setup, of(setup, { threadId }));
    expect(await find(setup, of(setup, { threadId }))).toEqual({
      status: "posted",
      externalId: ts,
    });
    expect(await find(setup, of(setup))).toEqual({ status: "absent" });
  });

  it("is found behind several pages, also of a size that Slack chose", async () => {
    const setup = await start();
    const { slack, channel, ada } = setup;
    const ts = await post(setup, of(setup));
    for (let n = 0; n < 450; n++) slack.say({ channel, person: ada, text: `line ${n}` });
    expect(await find(setup, of(setup))).toEqual({ status: "posted", externalId: ts });
    const asked = slack.wire.filter(
      ({ name, direction }) => name === "conversations.history" && direction === "in",
    );
    expect(asked).toHaveLength(3);
  });

  it("is looked for only in its time", async () => {
    const setup = await start();
    await post(setup, of(setup));
    const firstClaimedAt = Date.now() - 900_000;
    const past = of(setup, { firstClaimedAt, unknownUntil: firstClaimedAt + 60_000 });
    expect(await find(setup, past)).toEqual({ status: "absent" });
  });

  it("is unsure where a post of the bot does not show whose it is", async () => {
    const setup = await start();
    const { slack, channel } = setup;
    const { SLACK_API_URL = "", SLACK_BOT_TOKEN = "" } = slack.env;
    await fetch(`${SLACK_API_URL}chat.postMessage`, {
      method: "POST",
      headers: { authorization: `Bearer ${SLACK_BOT_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ channel, text: "because" }),
    });
    expect(await find(setup, of(setup))).toMatchObject({ status: "unsure" });
  });

  it("cannot be looked for where Slack refuses, and says what to do", async () => {
    const setup = await start();
    const { slack, channel } = setup;
    slack.answerNext("conversations.history", { retryAfter: 7 });
    await expect(find(setup, of(setup))).rejects.toMatchObject({
      retryable: true,
      retryAfterMs: 7_000,
    });
    slack.setBotMember(channel, false);
    const error = await find(setup, of(setup)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PlatformError);
    expect(error).toMatchObject({ retryable: false, step: expect.stringContaining("/invite") });
  });
});
