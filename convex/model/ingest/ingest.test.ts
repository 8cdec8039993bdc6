import { beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { BOB, deleted, EVE, said, snowflake } from "../../../test/support/convex/events.ts";
import { backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { failure, IDS, mapChannel, NOON, rows } from "../../../test/support/convex/backend.ts";

useFreshBackend();

let room: Id<"mappings">;
let channelId: Id<"channels">;

beforeEach(async () => {
  // Nobody is answered, so that what is stored is what was said.
  ({ mappingId: room, channelId } = await mapChannel(backend, "discord", { trigger: "never" }));
});
async function contents(): Promise<string[]> {
  const listed = await backend.admin.query(api.index.listLatestMessages, { channelId });
  return listed.map(({ content }) => content);
}

describe("a message", () => {
  test("is stored with its author, place, time and everything else the platform sent", async () => {
    const event = said(room, {
      content: "see <@7002>",
      mentions: [{ kind: "user", id: "7002", name: "Eve" }],
      attachments: [{ name: "a.png", type: "image/png", size: 3, url: "https://x.invalid/a" }],
      replyTo: "55",
    });
    expect(await ingest(event)).toEqual(["inserted"]);
    const [stored] = await rows(backend, "messages");
    const { type: _type, author: _author, fromApp: _app, mentionsBot: _bot, ...told } = event;
    const [bob] = await rows(backend, "users");
    expect(stored).toMatchObject({ ...told, channelId, kind: "person", authorId: bob?._id });
    expect(bob).toMatchObject({ name: "Bob", mirrored: true });
  });

  test("sent again, alone or in one batch, changes nothing", async () => {
    const event = said(room);
    expect(await ingest(event, event)).toEqual(["inserted", "known"]);
    const before = await rows(backend, "messages");
    expect(await ingest({ ...event, content: "other" })).toEqual(["known"]);
    expect(await rows(backend, "messages")).toEqual(before);
    expect(await rows(backend, "users")).toHaveLength(1);
  });

  test("is shown with names in place of the ids it mentions, as they are called now", async () => {
    const mentions = [
      { kind: "user" as const, id: "7002" },
      { kind: "channel" as const, id: "9", name: "help" },
    ];
    await ingest(said(room, { content: "<@7002> <#9> `<@7003>`", mentions }));
    expect(await contents()).toEqual(["@7002 #help `<@7003>`"]);
    const people = [{ workspaceId: "guild", externalId: "7002", name: "Evita" }];
    await backend.discord.mutation(api.bridge.report, { people, problems: [], health: [] });
    expect(await contents()).toEqual(["@Evita #help `<@7003>`"]);
  });

  test("of another bot is kept as an app's", async () => {
    await ingest(said(room, { fromApp: true }));
    expect(await rows(backend, "messages")).toMatchObject([{ kind: "app" }]);
  });
});

describe("a person", () => {
  test("is one user, renamed when the platform renames them", async () => {
    await ingest(said(room), said(room, { author: { ...BOB, name: "Bobby" } }));
    expect(await rows(backend, "users")).toMatchObject([{ name: "Bobby" }]);
    const { name: _name, ...nameless } = BOB;
    await ingest(said(room, { author: nameless }));
    expect(await rows(backend, "identities")).toMatchObject([{ name: "Bobby" }]);
  });

  test("is another one in another workspace", async () => {
    await ingest(said(room), said(room, { author: { ...BOB, workspaceId: "other" } }));
    expect(await rows(backend, "users")).toHaveLength(2);
  });
});

describe("an edit", () => {
  const original = () => said(room, { content: "first" });
  test("replaces the content when it is newer than what is stored", async () => {
    const event = original();
    const edit = (content: string, editedAt: number) => ingest({ ...event, content, editedAt });
    await ingest(event);
    expect(await edit("third", NOON + 30)).toEqual(["edited"]);
    expect(await edit("second", NOON + 20)).toEqual(["known"]);
    expect(await edit("third", NOON + 30)).toEqual(["known"]);
    expect(await contents()).toEqual(["third"]);
    expect(await rows(backend, "messages")).toMatchObject([{ editedAt: NOON + 30 }]);
  });

  test("of the same time as the one before is the same edit, redelivered", async () => {
    const event = original();
    await ingest(event, { ...event, content: "second", editedAt: NOON });
    expect(await ingest({ ...event, content: "first", editedAt: NOON })).toEqual(["known"]);
    expect(await contents()).toEqual(["second"]);
  });

  test("also takes away mentions and files that are gone", async () => {
    const event = said(room, {
      mentions: [{ kind: "user", id: "1" }],
      attachments: [{ name: "a", url: "https://x.invalid" }],
    });
    await ingest(event);
    await ingest({ ...event, mentions: [], attachments: [], editedAt: NOON + 1 });
    const [stored] = await rows(backend, "messages");
    expect(stored?.mentions).toBeUndefined();
    expect(stored?.attachments).toBeUndefined();
  });

  test("that overtakes its message is the message, and the late message changes nothing", async () => {
    const event = original();
    const edit = { ...event, content: "edited", editedAt: NOON + 20 };
    expect(await ingest(edit, event)).toEqual(["inserted", "known"]);
    expect(await contents()).toEqual(["edited"]);
  });

  test("of a message from before the mapping changes nothing", async () => {
    const sentAt = NOON - 3_600_000;
    const old = said(room, { sentAt, externalId: snowflake(sentAt), editedAt: NOON });
    expect(await ingest(old)).toEqual(["ignored"]);
    expect(await rows(backend, "messages")).toEqual([]);
    expect(await rows(backend, "users")).toEqual([]);
  });
});

describe("a delete", () => {
  test("clears what was said, and lists pass it over", async () => {
    const event = said(room, { content: "secret" });
    await ingest(said(room, { content: "kept" }), event);
    const both = [deleted(room, event.externalId), deleted(room, event.externalId)];
    expect(await ingest(...both)).toEqual(["deleted", "known"]);
    expect(await contents()).toEqual(["kept"]);
    expect(JSON.stringify(await rows(backend, "messages"))).not.toContain("secret");
  });

  test("cannot be undone by a redelivery or an edit", async () => {
    const event = said(room);
    await ingest(event, deleted(room, event.externalId));
    const late = { ...event, content: "back", editedAt: NOON + 60_000 };
    expect(await ingest(event, late)).toEqual(["known", "known"]);
    expect(await contents()).toEqual([]);
  });

  test("that overtakes its message keeps it from ever being stored", async () => {
    const event = said(room, { content: "secret" });
    const outcomes = await ingest(
      deleted(room, event.externalId),
      deleted(room, event.externalId),
      event,
      { ...event, editedAt: NOON + 1 },
    );
    expect(outcomes).toEqual(["deleted", "known", "known", "known"]);
    expect(await rows(backend, "messages")).toEqual([]);
  });

  test("of many messages does not empty the list: ten means ten", async () => {
    const kept = Array.from({ length: 10 }, (_, i) => said(room, { content: `kept ${i}` }));
    const lost = Array.from({ length: 60 }, () => said(room));
    await ingest(...kept, ...lost);
    await ingest(...lost.map(({ externalId }) => deleted(room, externalId)));
    const listed = await backend.admin.query(api.index.listMessages, { channelId });
    expect(listed.map(({ content }) => content)).toEqual(
      kept.map(({ content }) => content).reverse(),
    );
  });

  test("is of one mapping: the same id elsewhere stays", async () => {
    const other = await mapChannel(backend, "discord", {
      externalId: "100000000000000002",
      trigger: "never",
    });
    const event = said(room);
    await ingest(event, { ...event, mappingId: other.mappingId });
    await ingest(deleted(other.mappingId, event.externalId));
    expect(await contents()).toEqual(["hello"]);
  });
});

describe("threads", () => {
  test("are conversations of their own, made once", async () => {
    const thread = { threadId: "77", threadName: "side" };
    await ingest(said(room), said(room, thread), said(room, thread), said(room));
    const conversations = await rows(backend, "conversations");
    expect(conversations).toHaveLength(2);
    expect(conversations[1]).toMatchObject({ threadId: "77", name: "side" });
    const stored = await rows(backend, "messages");
    const [main, side] = conversations.map(({ _id }) => _id);
    expect(stored.map(({ conversationId }) => conversationId)).toEqual([main, side, side, main]);
  });

  test("with the same id in two mappings are two", async () => {
    const other = await mapChannel(backend, "discord", {
      externalId: "100000000000000002",
      trigger: "never",
    });
    await ingest(said(room, { threadId: "77" }), said(other.mappingId, { threadId: "77" }));
    expect(await rows(backend, "conversations")).toHaveLength(2);
  });
});

describe("a batch", () => {
  test("gives one outcome for each event, in the order sent", async () => {
    const event = said(room);
    const outcomes = await ingest(
      event,
      event,
      { ...event, content: "x", editedAt: NOON + 1 },
      deleted(room, event.externalId),
      deleted(room, "404"),
      said(room, { author: EVE }),
    );
    expect(outcomes).toEqual(["inserted", "known", "edited", "deleted", "deleted", "inserted"]);
  });

  test("in which a later event throws stores nothing at all", async () => {
    const foreign = await mapChannel(backend, "slack");
    const call = backend.discord.mutation(api.bridge.ingest, {
      events: [said(room), deleted(room, "404"), said(foreign.mappingId)],
      advance: [{ mappingId: room, upTo: "99999999999999999999" }],
    });
    expect(await failure(call)).toBe("FORBIDDEN");
    for (const table of [
      "messages",
      "tombstones",
      "users",
      "identities",
      "conversations",
    ] as const) {
      expect(await rows(backend, table)).toEqual([]);
    }
    const [cursor] = await rows(backend, "cursors");
    expect(cursor?.upTo).not.toBe("99999999999999999999");
  });

  test.each(["paused", "unmapped"] as const)("for a %s mapping changes nothing", async (state) => {
    const event = said(room);
    await ingest(event);
    const target = { platform: "discord" as const, externalId: IDS.discord };
    if (state === "unmapped") await backend.admin.mutation(api.admin.unmap, target);
    else await backend.admin.mutation(api.admin.change, { ...target, state });
    const outcomes = await ingest(said(room), deleted(room, event.externalId), {
      ...event,
      content: "x",
      editedAt: NOON + 1,
    });
    expect(outcomes).toEqual(["inactive", "inactive", "inactive"]);
    expect(await contents()).toEqual(["hello"]);
  });

  test("for a mapping that never was changes nothing", async () => {
    const id = `${"9".repeat(24)}mappings` as Id<"mappings">;
    expect(await ingest(said(id), deleted(id, "1"))).toEqual(["inactive", "inactive"]);
  });
});

describe("cursors", () => {
  const advance = async (upTo: string) => {
    const call = { events: [], advance: [{ mappingId: room, upTo }] };
    await backend.discord.mutation(api.bridge.ingest, call);
    const [cursor] = await backend.discord.query(api.bridge.cursors, {});
    return cursor?.upTo;
  };

  test("begin at the mapping and move forward only", async () => {
    const [mapping] = await backend.discord.query(api.bridge.mappings, {});
    const [cursor] = await backend.discord.query(api.bridge.cursors, {});
    expect(cursor?.upTo).toBe(mapping?.since);
    expect(await advance("09000000000000000002")).toBe("09000000000000000002");
    expect(await advance("09000000000000000001")).toBe("09000000000000000002");
    expect(await advance("09000000000000000003")).toBe("09000000000000000003");
    expect(await rows(backend, "cursors")).toHaveLength(1);
  });

  test("of a channel that is not active do not move", async () => {
    const target = { platform: "discord" as const, externalId: IDS.discord };
    await backend.admin.mutation(api.admin.change, { ...target, state: "paused" });
    await advance("09000000000000000009");
    const [cursor] = await rows(backend, "cursors");
    expect(cursor?.upTo).not.toBe("09000000000000000009");
  });
});
