import { expect, it, describe } from "vitest";
import { FatalError } from "../../../bridges/core/shared/errors.ts";
import { RecordingCore } from "../recording_core.ts";
import { createBridge, start, startStandIn, useSlackStage } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

useSlackStage();

describe("the socket", () => {
  it.each(["recycleSockets", "closeSockets"] as const)(
    "is reopened after %s, and no event is lost",
    async (how) => {
      const { slack, core, channel, ada } = await start({
        redeliverAfterMs: Array<number>(200).fill(150),
      });
      for (let round = 1; round <= 2; round += 1) {
        slack[how]();
        slack.say({ channel, person: ada, text: `round ${round}` });
        await eventually(() => expect(slack.acks).toHaveLength(round), 5_000);
      }
      expect(core.texts()).toEqual(["round 1", "round 2"]);
      await eventually(() => expect(slack.connections()).toBe(1));
    },
  );

  it("is replaced when Slack no longer answers pings, and its events are redelivered", async () => {
    const { slack, core, channel, ada } = await start({
      ackWithinMs: 1_000,
      redeliverAfterMs: Array<number>(200).fill(150),
    });
    slack.stopReadingSockets();
    slack.say({ channel, person: ada, text: "can you hear me?" });
    await eventually(() => expect(slack.acks).toHaveLength(1));
    expect(new Set(core.texts())).toEqual(new Set(["can you hear me?"]));
  });

  it("is reopened although Slack fails at first", async () => {
    const { slack, core, channel, ada, fatal } = await start({
      redeliverAfterMs: Array<number>(200).fill(150),
    });
    slack.answerNext("apps.connections.open", 503);
    slack.answerNext("apps.connections.open", { error: "internal_error" });
    slack.closeSockets();
    await eventually(() => expect(slack.connections()).toBe(0));
    await eventually(() => expect(slack.connections()).toBe(1), 8_000);
    slack.say({ channel, person: ada, text: "again" });
    await eventually(() => expect(core.texts()).toEqual(["again"]));
    expect(fatal).toEqual([]);
  });

  it("ends the process if the app token was revoked meanwhile", async () => {
    const { slack, fatal } = await start();
    slack.answerNext("apps.connections.open", { error: "invalid_auth" });
    slack.closeSockets();
    await eventually(() => expect(fatal).toHaveLength(1), 5_000);
    expect(fatal[0]).toBeInstanceOf(FatalError);
    expect(fatal[0]).toMatchObject({ step: expect.stringContaining("connections:write") });
  });
});

describe("starting", () => {
  it.each([
    ["a bad bot token", { botToken: "xoxb-bad" }, "OAuth & Permissions"],
    ["a bad app token", { appToken: "xapp-bad" }, "connections:write"],
  ])("fails at once with %s, and has the step that fixes it", async (_name, tokens, step) => {
    const slack = await startStandIn();
    const lines: string[] = [];
    const bridge = createBridge(slack, lines, tokens);
    const starting = bridge.start(new RecordingCore(), () => {});
    await expect(starting).rejects.toBeInstanceOf(FatalError);
    await expect(starting).rejects.toMatchObject({ step: expect.stringContaining(step) });
    expect(lines.join("")).not.toMatch(/xoxb|xapp/);
  });

  it("fails when the two tokens are swapped", async () => {
    const slack = await startStandIn();
    const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "" } = slack.env;
    const swapped = { botToken: SLACK_APP_TOKEN, appToken: SLACK_BOT_TOKEN };
    const starting = createBridge(slack, [], swapped).start(new RecordingCore(), () => {});
    await expect(starting).rejects.toMatchObject({ code: "not_allowed_token_type" });
  });

  it("waits while Slack is unavailable", async () => {
    const slack = await startStandIn();
    slack.answerNext("auth.test", 503);
    slack.answerNext("apps.connections.open", 503);
    const bridge = createBridge(slack, []);
    await bridge.start(new RecordingCore(), () => {});
    expect(slack.connections()).toBe(1);
  });

  it.each(["auth.test", "apps.connections.open"])(
    "can be cancelled while %s hangs",
    async (name) => {
      const slack = await startStandIn();
      slack.answerNext(name, "hang");
      const bridge = createBridge(slack, []);
      const starting = bridge
        .start(new RecordingCore(), () => {})
        .then(
          () => "started",
          () => "cancelled",
        );
      await eventually(() => expect(slack.wire.at(-1)).toMatchObject({ name, direction: "in" }));
      await bridge.close();
      await bridge.close();
      expect(await starting).toBe("cancelled");
      expect(slack.connections()).toBe(0);
    },
  );
});
