import { beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import { BOB, EVE, said } from "../../../test/support/convex/events.ts";
import { ai, backend } from "../../../test/support/convex/fresh.ts";
import { room, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { mapChannel, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { exchange } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const HOUR = 3_600_000;

const from = (name: string) => ({ author: { ...BOB, externalId: name, name } });

async function notices(): Promise<string[]> {
  const messages = await rows(backend, "messages");
  return messages.filter(({ kind }) => kind === "notice").map(({ content }) => content);
}

async function ask(count: number, more: Parameters<typeof exchange>[2] = {}): Promise<void> {
  for (let i = 0; i < count; i++) await exchange(backend, room, more);
}

describe("one person", () => {
  beforeEach(() => {
    vi.stubEnv("AI_REPLIES_PER_AUTHOR", "2");
  });

  test("gets so many replies an hour, then one notice, then silence", async () => {
    await ask(6);
    expect(ai.requests).toHaveLength(2);
    expect(await notices()).toEqual([
      "You have asked a lot in a short time. I can answer you again in about 55 min.",
    ]);
    expect(await rows(backend, "deliveries")).toHaveLength(3);
  });

  test("is told `inserted`, not `asked`, when nothing comes, and status can tell why", async () => {
    await ask(2);
    const call = { events: [said(room)], advance: [] };
    expect(await backend.discord.mutation(api.bridge.ingest, call)).toEqual(["inserted"]);
    expect((await rows(backend, "replies")).at(-1)).toMatchObject({
      state: "cancelled",
      reason: "limit reached: author",
    });
  });

  test("leaves everyone else their own", async () => {
    await ask(4);
    await ask(2, { author: EVE });
    expect(ai.requests).toHaveLength(4);
    expect(await notices()).toHaveLength(1);
  });

  test("is the same person in every channel and thread", async () => {
    const other = await mapChannel(backend, "discord", { externalId: "100000000000000002" });
    await ask(1);
    await exchange(backend, other.mappingId);
    await ask(1, { threadId: "7" });
    expect(ai.requests).toHaveLength(2);
  });

  test("gets as many in the next hour, and one more notice", async () => {
    await ask(4);
    await pass(backend, HOUR);
    await ask(4);
    expect(ai.requests).toHaveLength(4);
    expect(await notices()).toHaveLength(2);
  });

  test("does not use up anything by what joins an open reply", async () => {
    const release = ai.holds("to all of it");
    await ask(1);
    await ask(5);
    release();
    await settleDown(backend);
    expect(ai.requests).toHaveLength(2);
    expect(await notices()).toEqual([]);
  });
});

describe("one channel", () => {
  beforeEach(() => {
    vi.stubEnv("AI_REPLIES_PER_CHANNEL", "3");
  });

  test("gets so many replies an hour, whoever asks", async () => {
    for (const name of ["a", "b", "c", "d"]) await ask(1, from(name));
    expect(ai.requests).toHaveLength(3);
    expect(await notices()).toHaveLength(1);
    await pass(backend, HOUR);
    await ask(1, from("a"));
    expect(ai.requests).toHaveLength(4);
  });

  test("is told once an hour, not once for each person", async () => {
    // The notice's key holds the asker too, so a busy channel fills with the same notice.
    for (const name of ["a", "b", "c", "d", "e", "f"]) await ask(1, from(name));
    expect(await notices()).toHaveLength(1);
  });

  test("uses up none of a person's own replies when it is the channel that is full", async () => {
    // The buckets are taken one after the other; those before the full one are not given back.
    vi.stubEnv("AI_REPLIES_PER_AUTHOR", "5");
    const other = await mapChannel(backend, "discord", {
      externalId: "100000000000000002",
      to: "other",
    });
    await ask(3, from("a"));
    await ask(5);
    await exchange(backend, other.mappingId);
    expect(ai.requests).toHaveLength(4);
  });
});

describe("the whole deployment", () => {
  test("gives so many replies a day", async () => {
    vi.stubEnv("AI_REPLIES_PER_DAY", "3");
    for (const name of ["a", "b", "c", "d", "e"]) await ask(1, from(name));
    expect(ai.requests).toHaveLength(3);
    await pass(backend, 24 * HOUR);
    await ask(1, from("a"));
    expect(ai.requests).toHaveLength(4);
  });

  test("gives none where the setting is 0", async () => {
    vi.stubEnv("AI_REPLIES_PER_DAY", "0");
    await ask(3);
    expect(ai.requests).toEqual([]);
    expect(await notices()).toHaveLength(1);
  });

  test.each(["", " ", " 7 "])("can be read where the setting is %j", async (value) => {
    vi.stubEnv("AI_REPLIES_PER_DAY", value);
    await ask(2);
    expect(ai.requests).toHaveLength(2);
  });

  test.each(["many", "-1", "1.5", "1,000", "1e3"])(
    "gives none where the setting is %j, because nobody knows what was meant",
    async (value) => {
      vi.stubEnv("AI_REPLIES_PER_DAY", value);
      await ask(2);
      expect(ai.requests).toHaveLength(0);
    },
  );

  test("counts a large day exactly enough: never more, and hardly fewer", async () => {
    vi.stubEnv("AI_REPLIES_PER_DAY", "250");
    vi.stubEnv("AI_REPLIES_PER_CHANNEL", "100000");
    for (let i = 0; i < 260; i++) {
      const threadId = i.toString();
      const events = [said(room, { threadId, ...from(threadId) })];
      await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
    }
    const open = (await rows(backend, "replies")).filter(({ state }) => state === "open").length;
    expect(open).toBeLessThanOrEqual(250);
    expect(open).toBeGreaterThanOrEqual(225);
  });
});

describe("strangers on channels that were never mapped", () => {
  const speak = async (count: number) => {
    const { nobody } = backend;
    for (let i = 0; i < count; i++) {
      // A fresh user and channel every time: neither may help.
      const channelId = await nobody.mutation(api.index.createChannel, { name: "x" });
      const authorId = await nobody.mutation(api.index.createUser, { name: "x" });
      await nobody.mutation(api.index.sendMessage, { channelId, authorId, content: "hi" });
      await settleDown(backend);
    }
  };

  test("have a purse of their own among them all, and leave the whole day to mapped channels", async () => {
    vi.stubEnv("AI_REPLIES_PER_DAY", "6");
    await speak(5);
    expect(ai.requests).toHaveLength(3);
    await ask(7);
    expect(ai.requests).toHaveLength(3 + 6);
    await speak(1);
    expect(ai.requests).toHaveLength(3 + 6);
  });

  test("have as many as AI_REPLIES_FOR_STRANGERS says, and none if it can't be read", async () => {
    vi.stubEnv("AI_REPLIES_FOR_STRANGERS", "2");
    await speak(4);
    expect(ai.requests).toHaveLength(2);
    await pass(backend, 24 * HOUR);
    vi.stubEnv("AI_REPLIES_FOR_STRANGERS", "lots");
    await speak(1);
    expect(ai.requests).toHaveLength(2);
  });

  test("take nothing from a channel that an admin takes over", async () => {
    vi.stubEnv("AI_REPLIES_PER_CHANNEL", "2");
    const { nobody } = backend;
    const channelId = await nobody.mutation(api.index.createChannel, { name: "x" });
    const authorId = await nobody.mutation(api.index.createUser, { name: "x" });
    for (let i = 0; i < 2; i++) {
      await nobody.mutation(api.index.sendMessage, { channelId, authorId, content: "hi" });
      await settleDown(backend);
    }
    const { mappingId } = await backend.admin.mutation(api.admin.map, {
      platform: "discord",
      externalId: "100000000000000003",
      adopt: channelId,
    });
    await exchange(backend, mappingId);
    expect(ai.requests).toHaveLength(3);
  });

  test("are told in the channel once, in words the AI never reads", async () => {
    vi.stubEnv("AI_REPLIES_PER_DAY", "2");
    const { nobody } = backend;
    const channelId = await nobody.mutation(api.index.createChannel, { name: "x" });
    const authorId = await nobody.mutation(api.index.createUser, { name: "Ann" });
    for (const content of ["one", "two", "three"]) {
      await nobody.mutation(api.index.sendMessage, { channelId, authorId, content });
      await settleDown(backend);
    }
    const listed = await nobody.query(api.index.listLatestMessages, { channelId });
    expect(listed.map(({ content }) => content)).toEqual([
      "one",
      "answer 1",
      "two",
      expect.stringMatching(/for today/),
      "three",
    ]);
    await pass(backend, 24 * HOUR);
    await nobody.mutation(api.index.sendMessage, { channelId, authorId, content: "four" });
    await settleDown(backend);
    expect(ai.requests.at(-1)?.messages.map(({ content }) => content)).toEqual([
      "Ann: one",
      "answer 1",
      "Ann: two",
      "Ann: three",
      "Ann: four",
    ]);
  });
});
