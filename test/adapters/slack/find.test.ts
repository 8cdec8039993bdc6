import { describe, expect, it } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import type { Delivery } from "../../../bridges/platform.ts";
import { delivery } from "../recording_core.ts";
import { type Setup, soon, start, useSlackStage } from "./stage.ts";

useSlackStage();

const piece = { text: "because", upTo: 7 };

function claimed({ channel }: Setup, fields: Partial<Delivery> = {}): Delivery {
  return delivery({ channel, firstClaimedAt: Date.now(), outcomeUnknown: true, ...fields });
}
const find = ({ bridge }: Setup, what: Delivery, part = 0) =>
  bridge.find(what, part, piece, soon());
const post = ({ bridge }: Setup, what: Delivery, part = 0) =>
  bridge.post(what, part, piece, soon());

describe("a post whose answer was lost", () => {
  it("is found by its delivery's id, and posts with another id are not", async () => {
    const setup = await start();
    const ts = await post(setup, claimed(setup));
    await post(setup, claimed(setup, { deliveryId: "d2" as Delivery["deliveryId"] }));
    expect(await find(setup, claimed(setup))).toEqual({ status: "posted", externalId: ts });
    expect(await find(setup, claimed(setup), 1)).toEqual({ status: "absent" });
    expect(
      await find(setup, claimed(setup, { deliveryId: "d3" as Delivery["deliveryId"] })),
    ).toEqual({
      status: "absent",
    });
  });

  it("is searched for in its thread", async () => {
    const setup = await start();
    const { slack, channel, ada } = setup;
    const threadId = slack.say({ channel, person: ada, text: "why?" });
    const ts = await post(setup, claimed(setup, { threadId }));
    expect(await find(setup, claimed(setup, { threadId }))).toEqual({
      status: "posted",
      externalId: ts,
    });
    expect(await find(setup, claimed(setup))).toEqual({ status: "absent" });
  });

  it("is found several pages back, whatever page size Slack chooses", async () => {
    const setup = await start();
    const { slack, channel, ada } = setup;
    const ts = await post(setup, claimed(setup));
    for (let n = 0; n < 450; n++) slack.say({ channel, person: ada, text: `line ${n}` });
    expect(await find(setup, claimed(setup))).toEqual({ status: "posted", externalId: ts });
    const requests = slack.wire.filter(
      ({ name, direction }) => name === "conversations.history" && direction === "in",
    );
    expect(requests).toHaveLength(3);
  });

  it("is searched for only around the time it was claimed", async () => {
    const setup = await start();
    await post(setup, claimed(setup));
    const firstClaimedAt = Date.now() - 900_000;
    const past = claimed(setup, { firstClaimedAt, unknownUntil: firstClaimedAt + 60_000 });
    expect(await find(setup, past)).toEqual({ status: "absent" });
  });

  it("is uncertain if one of the bot's posts does not show its delivery", async () => {
    const setup = await start();
    const { slack, channel } = setup;
    const { SLACK_API_URL = "", SLACK_BOT_TOKEN = "" } = slack.env;
    await fetch(`${SLACK_API_URL}chat.postMessage`, {
      method: "POST",
      headers: { authorization: `Bearer ${SLACK_BOT_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ channel, text: "because" }),
    });
    expect(await find(setup, claimed(setup))).toMatchObject({ status: "unsure" });
  });

  it("cannot be searched for when Slack refuses, and the failure has a step", async () => {
    const setup = await start();
    const { slack, channel } = setup;
    slack.answerNext("conversations.history", { retryAfter: 7 });
    await expect(find(setup, claimed(setup))).rejects.toMatchObject({
      retryable: true,
      retryAfterMs: 7_000,
    });
    slack.setBotMember(channel, false);
    const error = await find(setup, claimed(setup)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PlatformError);
    expect(error).toMatchObject({ retryable: false, step: expect.stringContaining("/invite") });
  });
});
