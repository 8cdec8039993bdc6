import { expect, test } from "vitest";
import type { BridgeEvent } from "../../../bridges/platform.ts";
import { eventually } from "../../support/eventually.ts";
import { start, useSlackStage } from "./stage.ts";

useSlackStage();

const PLAN = { name: "plan.pdf", mimetype: "application/pdf", size: 7 };

async function stage(options?: Parameters<typeof start>[0]) {
  const setup = await start(options);
  const { slack, core, channel, ada } = setup;
  const add = (at: "elsewhere" | "hidden") => slack.addFile({ ...PLAN, at });
  const share = (file: string) => slack.say({ channel, person: ada, text: "look", file });
  /** The files of every message, once so many are there. */
  const files = async (count: number) => {
    await eventually(() => expect(core.events).toHaveLength(count), 5_000);
    return core.events.map(filesOf);
  };
  const lookUps = () =>
    slack.wire.filter(({ name, direction }) => name === "files.info" && direction === "in");
  return { ...setup, add, share, files, lookUps };
}

function filesOf(event: BridgeEvent) {
  return event.type === "message" ? event.attachments : [];
}

const named = (id: string) => {
  const url = `https://playground.slack.com/files/${id}`;
  return [{ id, name: "plan.pdf", type: "application/pdf", size: 7, url }];
};

test("a file from another workspace has its name and its page, looked up once", async () => {
  const { add, share, files, lookUps } = await stage();
  const id = add("elsewhere");
  share(id);
  await files(1);
  share(id);
  expect(await files(2)).toEqual([named(id), named(id)]);
  expect(lookUps()).toHaveLength(1);
});

test("it has them in history too", async () => {
  const { bridge, mapping, add, share } = await stage();
  const id = add("elsewhere");
  share(id);
  const { events } = await bridge.history.newest(mapping, 5, AbortSignal.timeout(5_000));
  expect(events.map(filesOf)).toEqual([named(id)]);
});

test("a file of which Slack tells no more keeps its id and an address that opens it, and others are looked up", async () => {
  const { slack, add, share, files } = await stage();
  const [hidden, gone, other] = [add("hidden"), add("elsewhere"), add("elsewhere")];
  slack.answerNext("files.info", { error: "file_not_found" });
  share(gone);
  const kept = (id: string) => [
    { id, name: id, url: `slack://file?team=${slack.teamId}&id=${id}` },
  ];
  expect(await files(1)).toEqual([kept(gone)]);
  share(hidden);
  await files(2);
  share(other);
  expect((await files(3)).slice(1)).toEqual([kept(hidden), named(other)]);
});

test.each([
  ["without the scope", { scopes: ["channels:history", "channels:read"] }, undefined],
  ["while Slack limits look-ups", {}, { retryAfter: 60 }],
  ["while Slack does not answer", {}, "hang" as const],
])(
  "%s nothing more is looked up for a while, and the message is not held up",
  async (_, options, fault) => {
    const { slack, add, share, files, lookUps } = await stage(options);
    if (fault !== undefined) slack.answerNext("files.info", fault);
    const [first, second] = [add("elsewhere"), add("elsewhere")];
    share(first);
    await files(1);
    share(second);
    expect((await files(2)).flat()).toMatchObject([{ name: first }, { name: second }]);
    expect(lookUps()).toHaveLength(1);
    // Slack repeats what is not acknowledged within three seconds.
    await eventually(() => expect(slack.acks).toHaveLength(2));
  },
);

test("messages behind it do not wait", async () => {
  const { slack, core, add, share, say, files } = await stage();
  slack.answerNext("files.info", "hang");
  share(add("elsewhere"));
  say("meanwhile");
  await files(2);
  expect(core.texts()).toEqual(["meanwhile", "look"]);
});
