import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { MappingId } from "../../platform.ts";
import { normaliseEvent, type SlackContext } from "./normalise.ts";
import { slackEvent, toMillis } from "./payload.ts";

const context: SlackContext = {
  botUserId: "UBOT",
  botId: "BBOT",
  appId: "ABOT",
  teamId: "T1",
  mappingId: "m1" as MappingId, // Only Convex makes such ids; any string works here.
};

const said = {
  type: "message",
  channel: "C1",
  channel_type: "channel",
  user: "U1",
  text: "hi &amp; <@UBOT>",
  ts: "1700000000.123456",
  event_ts: "1700000000.123456",
  team: "T1",
  client_msg_id: "d2c0ad5a-0000-4000-8000-000000000000",
};
const reply = { ...said, ts: "1700000002.000200", thread_ts: said.ts };
const edited = { ...said, text: "hi all", edited: { user: "U1", ts: "1700000009.000000" } };
const changed = {
  type: "message",
  subtype: "message_changed",
  hidden: true,
  channel: "C1",
  ts: "1700000009.000100",
  message: edited,
  previous_message: said,
};

const normalise = (event: unknown, unknown: (kind: string) => void = () => {}) =>
  normaliseEvent(slackEvent.parse(event), { ...context, unknown });

describe("mirrored", () => {
  it("a message, with its entities, mentions, position and time", () => {
    expect(normalise(said)).toEqual({
      type: "message",
      mappingId: "m1",
      externalId: said.ts,
      position: said.ts,
      author: { externalId: "U1", workspaceId: "T1" },
      fromApp: false,
      mentionsBot: true,
      content: "hi & <@UBOT>",
      mentions: [{ kind: "user", id: "UBOT" }],
      attachments: [],
      sentAt: 1_700_000_000_123.456,
    });
  });

  it("a reply, under its root", () => {
    expect(normalise(reply)).toMatchObject({ externalId: reply.ts, threadId: said.ts });
  });

  it("a root that has replies, in the channel", () => {
    expect(normalise({ ...said, thread_ts: said.ts })).not.toHaveProperty("threadId");
  });

  it("a reply also sent to the channel, once, in its thread", () => {
    const broadcast = { ...reply, subtype: "thread_broadcast", root: said };
    expect(normalise(broadcast)).toMatchObject({ externalId: reply.ts, threadId: said.ts });
  });

  it("an action said with /me", () => {
    expect(normalise({ ...said, subtype: "me_message" })).toMatchObject({ type: "message" });
  });

  it("files, also without text", () => {
    const files = [
      { id: "F1", name: "a.png", mimetype: "image/png", size: 5, permalink: "https://s/F1" },
      { id: "F2", mode: "tombstone" },
      { id: "F3", file_access: "check_file_info" },
    ];
    expect(normalise({ ...said, subtype: "file_share", text: "", files })).toMatchObject({
      content: "",
      attachments: [
        { name: "a.png", type: "image/png", size: 5, url: "https://s/F1" },
        { name: "F3", url: "slack://file?team=T1&id=F3" },
      ],
    });
  });

  it("messages of other apps, marked as apps, with their display names", () => {
    const { user: _user, ...webhook } = said;
    expect(
      normalise({ ...webhook, subtype: "bot_message", bot_id: "B9", username: "CI" }),
    ).toMatchObject({ fromApp: true, author: { externalId: "B9 CI", name: "CI" } });
    expect(
      normalise({ ...said, user: "U9", bot_id: "B9", bot_profile: { name: "CI" } }),
    ).toMatchObject({ fromApp: true, author: { externalId: "U9" } });
    expect(normalise({ ...said, user: "USLACKBOT" })).toMatchObject({ fromApp: true });
  });

  it("text that an app put only into attachments", () => {
    const attachments = [{ title: "Build", text: "<https://e.com|failed>" }, { fallback: "2nd" }];
    expect(normalise({ ...said, bot_id: "B9", text: "", attachments })).toMatchObject({
      content: "> **Build**\n> [failed](https://e.com)\n\n> 2nd",
    });
  });

  it.each([
    [
      "a form's label",
      { blocks: [{ type: "input", label: { type: "plain_text", text: "Your name" } }] },
      "[input: Your name]",
    ],
    [
      "a menu",
      {
        blocks: [
          {
            type: "actions",
            elements: [
              { type: "static_select", placeholder: { type: "plain_text", text: "Pick one" } },
            ],
          },
        ],
      },
      "[menu: Pick one]",
    ],
    [
      "a picture without text, and its footer",
      { attachments: [{ image_url: "https://e.com/a.png", footer: "by Giphy" }] },
      "> [image](https://e.com/a.png)\n> by Giphy",
    ],
  ])("of an app: %s", (_name, fields, content) => {
    expect(normalise({ ...said, bot_id: "B9", text: "", ...fields })).toMatchObject({ content });
  });

  it("a message without readable content, which is reported unless it has a file", () => {
    const unknown = vi.fn();
    const empty = { ...said, text: "" };
    expect(normalise(empty, unknown)).toMatchObject({ content: "[message without text]" });
    expect(unknown.mock.calls).toEqual([["message without text"]]);
    const file = { ...empty, files: [{ id: "F1", name: "a.txt" }] };
    expect(normalise(file, unknown)).toMatchObject({ content: "" });
  });

  it("a guest's message, with the guest's workspace", () => {
    expect(normalise({ ...said, user_team: "T2" })).toMatchObject({
      author: { externalId: "U1", workspaceId: "T2" },
    });
  });

  it("an edit, as the edited message", () => {
    expect(normalise(changed)).toMatchObject({
      type: "message",
      externalId: said.ts,
      content: "hi all",
      editedAt: 1_700_000_009_000.1,
    });
  });

  it("two edits within one second, in order", () => {
    const second = { ...changed, event_ts: "1700000009.000200" };
    expect(normalise(second)).toMatchObject({ editedAt: 1_700_000_009_000.2 });
  });

  it("an edit without the earlier text", () => {
    expect(normalise({ ...changed, previous_message: undefined })).toMatchObject({
      content: "hi all",
    });
  });

  it("a change of another app's message without the earlier text, marked as edited or not", () => {
    const message = { ...said, bot_id: "B9" };
    expect(normalise({ ...changed, message, previous_message: undefined })).toMatchObject({
      content: "hi & <@UBOT>",
      editedAt: 1_700_000_009_000.1,
    });
  });

  it("an edit that removes a file", () => {
    const previous_message = { ...edited, edited: undefined, files: [{ id: "F1" }] };
    expect(normalise({ ...changed, previous_message })).toMatchObject({ externalId: said.ts });
  });

  it("a deletion, also of an own post and of a root with replies", () => {
    const deletion = { type: "delete", mappingId: "m1", externalId: said.ts };
    const deleted = { ...changed, subtype: "message_deleted", deleted_ts: said.ts };
    expect(normalise({ ...deleted, message: undefined })).toEqual(deletion);
    const previous_message = { ...said, user: "UBOT", bot_id: "BBOT" };
    expect(normalise({ ...deleted, message: undefined, previous_message })).toEqual(deletion);
    const tombstone = { ...said, subtype: "tombstone", user: "USLACKBOT", hidden: true };
    expect(normalise({ ...changed, message: tombstone })).toEqual(deletion);
  });
});

describe("not mirrored", () => {
  it.each([
    ["own posts, by user", { ...said, user: "UBOT" }],
    ["own posts, by bot", { ...said, bot_id: "BBOT" }],
    ["own posts, by app", { ...said, user: undefined, app_id: "ABOT" }],
    ["own posts, by profile", { ...said, bot_id: "B2", bot_profile: { app_id: "ABOT" } }],
    ["own edits", { ...changed, message: { ...edited, bot_id: "BBOT" } }],
    ["link previews", { ...changed, message: { ...said, attachments: [{ text: "preview" }] } }],
    [
      "link previews of an edited message",
      { ...changed, message: edited, previous_message: edited },
    ],
    [
      "link previews, without the message before",
      { ...changed, message: said, previous_message: undefined },
    ],
    ["joins", { ...said, subtype: "channel_join" }],
    [
      "edits of messages that are not mirrored",
      { ...changed, message: { ...edited, subtype: "channel_topic" } },
    ],
    ["hidden messages", { ...said, subtype: "me_message", hidden: true }],
    ["notices of a reply", { ...said, message: { ...said, reply_count: 1 } }],
    ["notices of a reply with a subtype", { ...said, subtype: "message_replied", message: said }],
  ])("%s", (_name, event) => {
    expect(normalise(event)).toBeUndefined();
  });
});

it.each([
  ["changed", { ...changed, message: undefined }],
  ["changed", { ...changed, message: null }],
  ["deleted", { ...said, subtype: "message_deleted", deleted_ts: null }],
])("an event that does not say which message was %s is refused", (_what, event) => {
  expect(() => normalise(event)).toThrow("without the message");
});

it("a deletion without its id is that of the message before", () => {
  const event = { ...said, subtype: "message_deleted", deleted_ts: null, previous_message: reply };
  expect(normalise(event)).toMatchObject({ type: "delete", externalId: reply.ts });
});

it("one odd file is set aside alone", () => {
  const files = [null, { id: "F1", name: "a.txt", permalink: "https://e.com/a", size: "big" }, 7];
  expect(normalise({ ...said, files })).toMatchObject({
    content: "hi & <@UBOT>",
    attachments: [{ name: "a.txt", url: "https://e.com/a" }],
  });
});

it("keeps microseconds", () => {
  expect(toMillis("1700000009.000001")).toBeLessThan(toMillis("1700000009.000002"));
  expect(Math.floor(toMillis("1503435956.999999"))).toBe(1_503_435_956_999);
  expect(toMillis("1503435956.5")).toBe(1_503_435_956_500);
});

it("treats a malformed field as absent instead of losing the message", () => {
  const odd = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.array(fc.anything()));
  const names = ["text", "user", "thread_ts", "edited", "files", "attachments", "bot_profile"];
  fc.assert(
    fc.property(fc.record(Object.fromEntries(names.map((name) => [name, odd]))), (fields) => {
      const { subtype: _subtype, ...event } = { ...said, subtype: undefined, ...fields };
      const result = normalise(event);
      if (fields.user !== context.botUserId) expect(result).toMatchObject({ externalId: said.ts });
    }),
  );
});
