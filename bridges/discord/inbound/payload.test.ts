import { expect, test } from "vitest";
import { oddPayloads } from "../../../test/support/odd_payloads.ts";
import type { MappingId } from "../../platform.ts";
import { type Context, normaliseMessage, type WireMessage } from "./normalise.ts";
import { wireChannel } from "./threads.ts";

const context: Context = {
  // Outside Convex an id is a plain string.
  place: { mappingId: "mapping" as MappingId },
  botId: "1000",
  guildId: "9",
  names: { role: () => undefined, channel: () => undefined },
};

const TEXT = "the text of the message";
const ADA = { id: "2000", username: "ada", global_name: "Ada", avatar: "abc", bot: false };

/** A message with every field that the bridge reads. */
const WHOLE = {
  id: "1234567890123456789",
  channel_id: "80",
  guild_id: "9",
  type: 19,
  author: ADA,
  member: { nick: "Ada", avatar: "xyz" },
  content: TEXT,
  timestamp: "2024-05-01T10:00:00.123000+00:00",
  edited_timestamp: "2024-05-01T10:01:00.000000+00:00",
  flags: 0,
  mentions: [{ ...ADA, id: "2001", member: { nick: null, avatar: null } }],
  mention_roles: ["70"],
  attachments: [
    {
      filename: "a.png",
      title: "a picture",
      description: "a cat",
      content_type: "image/png",
      size: 3,
      url: "https://cdn.test/a.png",
    },
  ],
  sticker_items: [{ name: "wave" }],
  poll: {
    question: { text: "Tea?" },
    answers: [{ answer_id: 1, poll_media: { text: "yes", emoji: { id: "5", name: "tea" } } }],
    results: { is_finalized: true, answer_counts: [{ id: 1, count: 3 }] },
  },
  activity: { type: 1 },
  application: { name: "Chess" },
  role_subscription_data: { tier_name: "Gold", total_months_subscribed: 3, is_renewal: true },
  purchase_notification: { type: 0, guild_product_purchase: { product_name: "Pack" } },
  shared_client_theme: { colors: ["5865F2"] },
  embeds: [
    {
      type: "rich",
      provider: { name: "Forge" },
      author: { name: "CI", url: "https://ci.test" },
      title: "Build",
      url: "https://ci.test/1",
      description: "passed",
      fields: [{ name: "branch", value: "main" }],
      image: { url: "https://ci.test/1.png" },
      thumbnail: { url: "https://ci.test/2.png", description: "a graph" },
      footer: { text: "a minute ago" },
      timestamp: "2024-05-01T10:00:00+00:00",
    },
    { type: "poll_result", fields: [{ name: "poll_question_text", value: "Tea?" }] },
    {
      type: "auto_moderation_message",
      description: "x",
      fields: [{ name: "keyword", value: "y" }],
    },
  ],
  components: [
    {
      type: 1,
      components: [{ type: 2, label: "Open", emoji: { name: "x" }, url: "https://a.test" }],
    },
    { type: 1, components: [{ type: 3, placeholder: "Pick", options: [{ label: "a" }] }] },
    {
      type: 9,
      components: [{ type: 10, content: "b" }],
      accessory: { type: 11, media: { url: "c" } },
    },
    { type: 12, items: [{ media: { url: "d", content_type: "image/png" }, description: "e" }] },
    { type: 13, file: { url: "f" }, name: "g" },
    { type: 14, divider: true },
    { type: 18, label: "h", component: { type: 4, placeholder: "i" } },
    { type: 99, title: "j", items: [{ label: "k" }] },
  ],
  webhook_id: null,
  message_reference: { type: 0, message_id: "5", channel_id: "80" },
  referenced_message: { author: { ...ADA, id: "1000" } },
  message_snapshots: [{ message: { content: "forwarded", mentions: [], attachments: [] } }],
};

function messageWith(fields: object): WireMessage {
  const message: unknown = { ...WHOLE, ...fields };
  return message as WireMessage; // Whatever Discord may send.
}

// Its id is required, and only its type decides whether it is one that is mirrored.
const ODD = [...oddPayloads(WHOLE, new Set())].filter(
  ({ keys: [first] }) => first !== "id" && first !== "type",
);

test.each(ODD.map((odd) => [odd.what, odd] as const))(
  "a message is mirrored with its text although one field is %s",
  (_what, { keys, payload }) => {
    const result = normaliseMessage(payload as WireMessage, context); // Whatever Discord may send.
    if (!("event" in result)) throw new Error(`skipped: ${result.skipped}`);
    const { event } = result;
    if (keys[0] !== "content") expect(event.content).toContain(TEXT);
    expect(event.content).not.toContain("undefined");
    expect(event.content).not.toBe("");
    expect(event).toMatchObject({ externalId: WHOLE.id, position: `0${WHOLE.id}` });
    expect(event.author.externalId).not.toBe("");
    expect([event.sentAt, event.editedAt ?? 0].every(Number.isFinite)).toBe(true);
    for (const { size } of event.attachments) expect(size).toBeGreaterThanOrEqual(0);
  },
);

test("a person stays a person where webhook_id is null, as Discord's description allows", () => {
  const result = normaliseMessage(messageWith({}), context);
  expect(result).toMatchObject({ event: { fromApp: false, author: { externalId: "2000" } } });
});

test("one odd item of a list is set aside alone", () => {
  const whole = { filename: "b.txt", content_type: null, size: null, url: "https://cdn.test/b" };
  const message = messageWith({ attachments: [null, whole, 7] });
  expect(normaliseMessage(message, context)).toMatchObject({
    event: { attachments: [{ name: "b.txt", size: 0, url: "https://cdn.test/b" }] },
  });
});

test("a time that can't be read is the time in the id", () => {
  const message = messageWith({ timestamp: "soon" });
  const result = normaliseMessage(message, context);
  expect(result).toMatchObject({
    event: { sentAt: Number(BigInt(WHOLE.id) >> 22n) + 1_420_070_400_000 },
  });
});

test.each([null, undefined, 7, "", "no snowflake", {}])(
  "a message with the id %o is refused",
  (id) => {
    expect(() => normaliseMessage(messageWith({ id }), context)).toThrow("without an id");
  },
);

test("a message from a later year is refused, because the cursor would pass all that are to come", () => {
  const message = messageWith({ id: "18446744073709551615" });
  expect(() => normaliseMessage(message, context)).toThrow("from the future");
});

test("a thread's name that is too long is cut between characters", () => {
  const thread = wireChannel({ id: "1", type: 11, name: `${"x".repeat(199)}😀` });
  expect(thread?.name).toBe("x".repeat(199));
});
