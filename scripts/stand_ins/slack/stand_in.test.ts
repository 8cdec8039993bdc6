import { App } from "@slack/bolt";
import { cleanups, listener, quiet, setting, webClient } from "./test_clients.ts";
import { afterEach, describe, expect, it } from "vitest";
import { cleanUp, start } from "./test_clients.ts";
import { eventually } from "../../../test/support/eventually.ts";

afterEach(cleanUp);

describe("Bolt", () => {
  it("receives a person's message, replies in the thread and receives its own reply", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const ada = slack.addPerson("Ada");
    const app = new App({
      token: setting(slack, "SLACK_BOT_TOKEN"),
      appToken: setting(slack, "SLACK_APP_TOKEN"),
      socketMode: true,
      ignoreSelf: false,
      logger: quiet,
      clientOptions: { slackApiUrl: setting(slack, "SLACK_API_URL") },
    });
    const heard: Record<string, unknown>[] = [];
    app.message(async ({ message, say }) => {
      heard.push({ ...message });
      if (!("bot_id" in message)) await say({ text: "hi", thread_ts: message.ts });
    });
    await app.start();
    cleanups.push(() => app.stop());
    expect(slack.connections()).toBe(1);

    const ts = slack.say({ channel, person: ada, text: `<@${slack.botId}> a &amp; b &lt;3` });
    await eventually(() => expect(heard).toHaveLength(2), 5_000);

    expect(heard[0]).toMatchObject({
      ...{ type: "message", user: ada, ts, channel, channel_type: "channel", team: slack.teamId },
      text: `<@${slack.botId}> a &amp; b &lt;3`,
      client_msg_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(JSON.stringify(heard[0])).not.toContain("Ada");
    expect(heard[1]).toMatchObject({
      ...{ user: slack.botId, bot_id: slack.botProfileId, app_id: slack.appId, thread_ts: ts },
    });
    expect(slack.transcript(channel).map(({ text }) => text)).toEqual([
      `<@${slack.botId}> a & b <3`,
    ]);
    expect(slack.transcript(channel, ts)).toMatchObject([
      { text: "hi", fromBot: true, thread: ts },
    ]);
    expect(slack.posts).toMatchObject([{ channel, thread: ts, text: "hi", pings: [] }]);
    await eventually(() => expect(slack.acks).toHaveLength(2));
    expect(slack.undelivered()).toBe(0);
  });
});

describe("events", () => {
  it("carry edits, previews, deletes, broadcasts and mentions as Slack's do", async () => {
    const slack = await start({ subscriptions: ["message.channels", "app_mention"] });
    const channel = slack.addChannel("general");
    const ada = slack.addPerson("Ada");
    const events: Record<string, unknown>[] = [];
    await listener(slack, async ({ ack, body }) => {
      events.push(body.event);
      await ack();
    });
    const root = slack.say({ channel, person: ada, text: `<@${slack.botId}> hi` });
    const reply = slack.say({ channel, thread: root, person: ada, text: "too", broadcast: true });
    slack.edit({ channel, id: reply, text: "also" });
    slack.unfurl({ channel, id: reply, url: "https://example.com" });
    slack.remove({ channel, id: root });
    expect(slack.transcript(channel).map(({ text }) => text)).toEqual(["also"]);
    slack.remove({ channel, thread: root, id: reply });
    await eventually(() => expect(slack.acks).toHaveLength(7));

    const changed = { type: "message", subtype: "message_changed", hidden: true, channel };
    expect(events).toMatchObject([
      { type: "message", ts: root },
      { type: "app_mention", ts: root, user: ada },
      {
        subtype: "thread_broadcast",
        thread_ts: root,
        ts: reply,
        root: { ts: root, reply_count: 1 },
      },
      {
        ...changed,
        message: { ts: reply, text: "also", edited: { user: ada } },
        previous_message: { text: "too" },
      },
      { ...changed, message: { text: "also", attachments: [{ from_url: "https://example.com" }] } },
      { ...changed, message: { ts: root, subtype: "tombstone" } },
      { subtype: "message_deleted", deleted_ts: reply, previous_message: { text: "also" } },
    ]);
    expect(slack.transcript(channel)).toEqual([]);
    expect(slack.history.map(({ kind }) => kind)).toEqual([
      "say",
      "say",
      "edit",
      "delete",
      "delete",
    ]);
  });

  it("come only from channels the bot is in", async () => {
    const slack = await start();
    const elsewhere = slack.addChannel("elsewhere");
    slack.setBotMember(elsewhere, false);
    slack.say({ channel: elsewhere, person: slack.addPerson("Ada"), text: "unheard" });
    expect(slack.undelivered()).toBe(0);
  });
});

it("notifies listeners of every visible change, including the bot's", async () => {
  const slack = await start();
  const channel = slack.addChannel("general");
  const seen: string[] = [];
  const stop = slack.onChange(({ kind, message }) => seen.push(`${kind} ${message.text}`));
  const id = slack.say({ channel, person: slack.addPerson("Ada"), text: "a" });
  slack.edit({ channel, id, text: "b" });
  await webClient(slack).chat.postMessage({ channel, thread_ts: id, text: "c" });
  slack.remove({ channel, id });
  stop();
  slack.say({ channel, person: slack.addPerson("Bob"), text: "d" });
  expect(seen).toEqual(["new a", "edited b", "new c", "deleted b"]);
});
