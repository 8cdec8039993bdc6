import {
  type GatewayMessageCreateDispatchData,
  GuildMemberFlags,
  MessageReferenceType,
  MessageType,
  PollLayoutType,
  StickerFormatType,
} from "discord-api-types/v10";
import { describe, expect, test } from "vitest";
import type { MappingId, MessageEvent } from "../../platform.ts";
import { type Context, normaliseMessage, normaliseUpdate, positionOf } from "./normalise.ts";

const BOT = "1000";
const ADA = {
  id: "2000",
  username: "ada",
  global_name: "Ada L",
  discriminator: "0",
  avatar: "abc",
};
const BOB = { id: "2001", username: "bob", global_name: null, discriminator: "0", avatar: null };
const BOT_USER = { ...BOB, id: BOT, username: "bot", bot: true };

const context: Context = {
  // Outside Convex an id is a plain string.
  place: { mappingId: "mapping" as MappingId },
  botId: BOT,
  guildId: "9",
  names: {
    role: (id) =>
      id === "70" ? { name: "staff" } : id === "71" ? { name: "bot", botId: BOT } : undefined,
    channel: (id) => (id === "80" ? "general" : undefined),
  },
};

function message(
  fields: Partial<GatewayMessageCreateDispatchData> = {},
): GatewayMessageCreateDispatchData {
  return {
    id: "1234567890123456789",
    channel_id: "80",
    guild_id: "9",
    type: MessageType.Default,
    author: ADA,
    content: "hello",
    timestamp: "2024-05-01T10:00:00.123000+00:00",
    edited_timestamp: null,
    tts: false,
    pinned: false,
    mention_everyone: false,
    mention_roles: [],
    mentions: [],
    attachments: [],
    embeds: [],
    ...fields,
  };
}

function eventOf(fields: Partial<GatewayMessageCreateDispatchData>, where = context): MessageEvent {
  const result = normaliseMessage(message(fields), where);
  if (!("event" in result)) throw new Error(`skipped: ${result.skipped}`);
  return result.event;
}

describe("a Discord message", () => {
  test("becomes an event with everything Convex stores", () => {
    expect(normaliseMessage(message(), context)).toEqual({
      event: {
        type: "message",
        mappingId: "mapping",
        externalId: "1234567890123456789",
        position: "01234567890123456789",
        author: {
          externalId: "2000",
          workspaceId: "9",
          name: "Ada L",
          avatarUrl: "https://cdn.discordapp.com/avatars/2000/abc.png",
        },
        fromApp: false,
        mentionsBot: false,
        content: "hello",
        mentions: [],
        attachments: [],
        sentAt: Date.UTC(2024, 4, 1, 10, 0, 0, 123),
      },
    });
  });

  test("carries its thread", () => {
    expect(
      eventOf({}, { ...context, place: { ...context.place, threadId: "55", threadName: "bugs" } }),
    ).toMatchObject({
      threadId: "55",
      threadName: "bugs",
    });
  });

  test("has the author name that people see: nickname, otherwise display name, otherwise user name", () => {
    const member = {
      nick: "Countess",
      roles: [],
      joined_at: null,
      deaf: false,
      mute: false,
      flags: GuildMemberFlags.CompletedOnboarding,
    };
    expect(eventOf({ member }).author.name).toBe("Countess");
    expect(eventOf({ member: { ...member, nick: null } }).author.name).toBe("Ada L");
    expect(eventOf({ author: BOB }).author).toEqual({
      externalId: "2001",
      workspaceId: "9",
      name: "bob",
    });
    expect(eventOf({ member: { ...member, avatar: "xyz" } }).author.avatarUrl).toBe(
      "https://cdn.discordapp.com/guilds/9/users/2000/avatars/xyz.png",
    );
  });

  test.each([
    [MessageType.Default, true],
    [MessageType.Reply, true],
    [MessageType.ChatInputCommand, true],
    [MessageType.ContextMenuCommand, true],
    [MessageType.ChannelPinnedMessage, false],
    [MessageType.UserJoin, false],
    [MessageType.ThreadCreated, false],
    [MessageType.ThreadStarterMessage, false],
    [MessageType.PollResult, false],
  ])("of type %i is mirrored: %s", (type, mirrored) => {
    expect("event" in normaliseMessage(message({ type }), context)).toBe(mirrored);
  });

  test("of an unknown type is mirrored if it says something, and asks nobody", () => {
    const odd = message();
    Reflect.set(odd, "type", 9999);
    const event = { content: "hello", fromApp: true };
    expect(normaliseMessage(odd, context)).toMatchObject({ event });
    Reflect.set(odd, "content", "");
    expect(normaliseMessage(odd, context)).toEqual({ skipped: "kind" });
  });

  test("of the bot itself is skipped", () => {
    expect(normaliseMessage(message({ author: BOT_USER }), context)).toEqual({ skipped: "own" });
  });

  test("of another bot or of a webhook is from an app", () => {
    expect(eventOf({ author: { ...BOB, bot: true } }).fromApp).toBe(true);
    expect(eventOf({ webhook_id: "5" }).fromApp).toBe(true);
  });

  test("that an update carries only partly is left to the next catch-up", () => {
    const { author: _, ...partial } = message({ edited_timestamp: "2024-05-01T10:01:00+00:00" });
    expect(normaliseUpdate(partial, context)).toEqual({ skipped: "partial" });
  });

  test("is an edit only with the time of the edit", () => {
    expect(normaliseUpdate(message({ embeds: [{ title: "preview" }] }), context)).toEqual({
      skipped: "unedited",
    });
    expect(
      normaliseUpdate(message({ edited_timestamp: "2024-05-01T10:01:00+00:00" }), context),
    ).toMatchObject({ event: { editedAt: Date.UTC(2024, 4, 1, 10, 1) } });
  });

  test("keeps the properties of a file, and needs no text then", () => {
    const file = {
      id: "1",
      filename: "a.png",
      content_type: "image/png",
      size: 10,
      url: "https://cdn/a.png",
      proxy_url: "https://media/a.png",
    };
    expect(eventOf({ content: "", attachments: [file] })).toMatchObject({
      content: "",
      attachments: [{ name: "a.png", type: "image/png", size: 10, url: "https://cdn/a.png" }],
    });
  });

  test.each<[string, Partial<GatewayMessageCreateDispatchData>, string]>([
    [
      "a sticker",
      { sticker_items: [{ id: "1", name: "wave", format_type: StickerFormatType.PNG }] },
      "[sticker: wave]",
    ],
    [
      "a poll",
      {
        poll: {
          question: { text: "Tea?" },
          answers: [
            { answer_id: 1, poll_media: { text: "Yes" } },
            { answer_id: 2, poll_media: { text: "No" } },
          ],
          expiry: null,
          allow_multiselect: false,
          layout_type: PollLayoutType.Default,
        },
      },
      "[poll: Tea?]\n- Yes\n- No",
    ],
    [
      "a forwarded message",
      {
        message_reference: { type: MessageReferenceType.Forward, channel_id: "1", message_id: "2" },
        message_snapshots: [
          {
            message: {
              type: MessageType.Default,
              content: "one\ntwo",
              embeds: [],
              attachments: [],
              timestamp: "2024-05-01T10:00:00+00:00",
              edited_timestamp: null,
              mentions: [],
              mention_roles: [],
            },
          },
        ],
      },
      "[forwarded message]\n> one\n> two",
    ],
    [
      "an image of an app",
      { embeds: [{ image: { url: "https://e.com/a.png" } }] },
      "> [image](https://e.com/a.png)",
    ],
    ["an embed", { embeds: [{ title: "Build", description: "passed" }] }, "> **Build**\n> passed"],
    ["unknown content", {}, "[message without text]"],
  ])("without text becomes the text of %s", (_name, fields, text) => {
    expect(eventOf({ ...fields, content: "" }).content).toBe(text);
  });
});

describe("mentions on Discord", () => {
  test("stay id tokens in the text, with their names listed", () => {
    const event = eventOf({
      content: "<@!2001> and <@&70> see <#80>, <#81>",
      mentions: [BOB],
      mention_roles: ["70", "72"],
    });
    expect(event.content).toBe("<@2001> and <@&70> see <#80>, <#81>");
    expect(event.mentions).toEqual([
      { kind: "user", id: "2001", name: "bob" },
      { kind: "group", id: "70", name: "staff" },
      { kind: "group", id: "72" },
      { kind: "channel", id: "80", name: "general" },
      { kind: "channel", id: "81" },
    ]);
  });

  test("stay unchanged where Discord resolves none, as in code", () => {
    expect(eventOf({ content: "`<@!2001>`" }).content).toBe("`<@!2001>`");
  });

  test.each<[string, Partial<GatewayMessageCreateDispatchData>, boolean]>([
    ["by id", { mentions: [BOT_USER] }, true],
    ["by the bot's own role", { mention_roles: ["71"] }, true],
    ["by another role", { mention_roles: ["70"] }, false],
    ["by a reply to it with the ping off", reply(BOT_USER), true],
    ["by a reply to somebody else", reply(BOB), false],
    ["in no way", {}, false],
  ])("of the bot: %s", (_name, fields, expected) => {
    expect(eventOf(fields).mentionsBot).toBe(expected);
  });
});

function reply(author: typeof BOT_USER | typeof BOB): Partial<GatewayMessageCreateDispatchData> {
  return {
    type: MessageType.Reply,
    message_reference: { channel_id: "80", message_id: "77" },
    referenced_message: { ...message({ id: "77", author }), mentions: [] },
  };
}

describe("replyTo", () => {
  test("is the message that a reply answers", () => {
    expect(eventOf(reply(BOB)).replyTo).toBe("77");
  });

  test("is not a message that was forwarded or crossposted", () => {
    const reference = { channel_id: "80", message_id: "77" };
    expect(eventOf({ message_reference: reference }).replyTo).toBeUndefined();
    expect(
      eventOf({
        type: MessageType.Reply,
        message_reference: { ...reference, type: MessageReferenceType.Forward },
      }).replyTo,
    ).toBeUndefined();
  });
});

test("positions sort like snowflakes of any length", () => {
  const ids = ["99", "175928847299117063", "1234567890123456789", "18446744073709551615"];
  expect(ids.map(positionOf).toSorted()).toEqual(ids.map(positionOf));
});
