import { describe, expect, test } from "vitest";
import type { MappingId } from "../../platform.ts";
import { type Context, normaliseMessage, type WireMessage } from "./normalise.ts";

const context: Context = {
  // Outside Convex an id is a plain string.
  mappingId: "mapping" as MappingId,
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
    { filename: "a.png", content_type: "image/png", size: 3, url: "https://cdn.test/a.png" },
  ],
  sticker_items: [{ name: "wave" }],
  poll: { question: { text: "Tea?" }, answers: [{ poll_media: { text: "yes", emoji: null } }] },
  embeds: [
    {
      type: "rich",
      author: { name: "CI" },
      title: "Build",
      url: "https://ci.test/1",
      description: "passed",
      fields: [{ name: "branch", value: "main" }],
      image: { url: "https://ci.test/1.png" },
      footer: { text: "a minute ago" },
    },
  ],
  components: [{ type: 1, components: [{ type: 2, label: "Open" }] }],
  webhook_id: null,
  message_reference: { type: 0, message_id: "5", channel_id: "80" },
  referenced_message: { author: { ...ADA, id: "1000" } },
  message_snapshots: [{ message: { content: "forwarded", mentions: [], attachments: [] } }],
};

type Path = readonly (string | number)[];

/** The path of each value inside. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]));
  return path.length === 0 ? inside : [path, ...inside];
}

/** A copy in which `change` has been applied to the object that holds the path's last key. */
function changed(path: Path, change: (parent: object, key: string) => void): WireMessage {
  const copy: unknown = structuredClone(WHOLE);
  let parent: unknown = copy;
  for (const key of path.slice(0, -1)) {
    if (typeof parent !== "object" || parent === null) throw new Error("no such path");
    parent = Reflect.get(parent, key);
  }
  if (typeof parent !== "object" || parent === null) throw new Error("no such path");
  change(parent, String(path.at(-1)));
  return copy as WireMessage; // Whatever Discord may send.
}

const ODD: Readonly<Record<string, (parent: object, key: string) => void>> = {
  null: (parent, key) => Reflect.set(parent, key, null),
  absent: (parent, key) => Reflect.deleteProperty(parent, key),
  "a number": (parent, key) => Reflect.set(parent, key, 1e308),
  "a text": (parent, key) => Reflect.set(parent, key, "odd"),
  "a list": (parent, key) => Reflect.set(parent, key, [null, 1, "odd", [], {}]),
  "an object": (parent, key) => Reflect.set(parent, key, { odd: true }),
  doubled: (parent, key) => {
    const value: unknown = Reflect.get(parent, key);
    Reflect.set(parent, key, [value, value]);
  },
  "a megabyte": (parent, key) => Reflect.set(parent, key, "x".repeat(1_000_000)),
};

const FIELDS = pathsOf(WHOLE).filter(([first]) => first !== "id");

describe.each(Object.entries(ODD))("a message in which one field is %s", (_odd, change) => {
  test.each(FIELDS.map((path) => [path.join("."), path] as const))(
    "is mirrored with its text: %s",
    (name, path) => {
      const message = changed(path, change);
      const result = normaliseMessage(message, context);
      // Only its type decides whether a message is one that is mirrored.
      if (name === "type") return;
      if (!("event" in result)) throw new Error(`skipped: ${result.skipped}`);
      const { event } = result;
      if (name !== "content") expect(event.content).toContain(TEXT);
      expect(event.content).not.toContain("undefined");
      expect(event.content).not.toBe("");
      expect(event).toMatchObject({ externalId: WHOLE.id, position: `0${WHOLE.id}` });
      expect(event.author.externalId).not.toBe("");
      expect([event.sentAt, event.editedAt ?? 0].every(Number.isFinite)).toBe(true);
      for (const { size } of event.attachments) expect(size).toBeGreaterThanOrEqual(0);
    },
  );
});

test("a person stays a person where webhook_id is null, as Discord's description allows", () => {
  const result = normaliseMessage(
    changed(["webhook_id"], () => undefined),
    context,
  );
  expect(result).toMatchObject({ event: { fromApp: false, author: { externalId: "2000" } } });
});

test("one odd item of a list is set aside alone", () => {
  const message = changed(["attachments"], (parent) => {
    const whole = { filename: "b.txt", content_type: null, size: null, url: "https://cdn.test/b" };
    Reflect.set(parent, "attachments", [null, whole, 7]);
  });
  expect(normaliseMessage(message, context)).toMatchObject({
    event: { attachments: [{ name: "b.txt", size: 0, url: "https://cdn.test/b" }] },
  });
});

test("a time that can't be read is the time in the id", () => {
  const message = changed(["timestamp"], (parent, key) => Reflect.set(parent, key, "soon"));
  const result = normaliseMessage(message, context);
  expect(result).toMatchObject({
    event: { sentAt: Number(BigInt(WHOLE.id) >> 22n) + 1_420_070_400_000 },
  });
});

test.each([null, undefined, 7, "", "no snowflake", {}])(
  "a message with the id %o is refused",
  (id) => {
    const message = changed(["id"], (parent) => Reflect.set(parent, "id", id));
    expect(() => normaliseMessage(message, context)).toThrow("without an id");
  },
);
