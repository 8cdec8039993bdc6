import { describe, expect, test } from "vitest";
import { api, internal } from "../../_generated/api.js";
import type { Mention } from "../shared/validators.ts";
import { deleted, EVE, said, saidOnSlack } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../test/support/convex/fresh.ts";
import { channelId, room, spoken, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { IDS, mapChannel, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { exchange, Worker } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const SAM = { externalId: "U1", workspaceId: "T1", name: "Sam" };
const lines = (request: number) => ai.requests[request]?.messages.map(({ content }) => content);

describe("a reply", () => {
  test("is bought once, stored once and put into the outbox once", async () => {
    const question = said(room, { content: "why?" });
    await ingest(question);
    await pass(backend, 600_000);
    expect(ai.requests).toHaveLength(1);
    expect(await spoken()).toEqual(["why?", "answer 1"]);
    expect(await rows(backend, "deliveries")).toMatchObject([
      { state: "ready", op: "create", replyTo: question.externalId, platform: "discord" },
    ]);
    expect(await rows(backend, "replies")).toMatchObject([
      {
        state: "done",
        attempt: 1,
        seen: question.position,
        usage: { promptTokens: 11, completionTokens: 7 },
      },
    ]);
  });

  test("stands after what it answers and before what is said later", async () => {
    const release = ai.holds("first answer");
    await ingest(said(room, { content: "one" }));
    await settleDown(backend);
    await pass(backend, 1_000);
    await ingest(said(room, { content: "two", fromApp: true }));
    release();
    await settleDown(backend);
    await exchange(backend, room, { content: "three" });
    expect(lines(1)).toEqual(["Bob: one", "first answer", "Bob: two", "Bob: three"]);
  });

  test("is written with the channel's instructions and model", async () => {
    await backend.admin.mutation(api.admin.change, {
      platform: "discord",
      externalId: IDS.discord,
      instructions: "be brief",
      model: "gpt-x",
    });
    await exchange(backend, room);
    expect(ai.requests[0]).toMatchObject({
      model: "gpt-x",
      messages: [{ role: "system", content: "be brief" }, { role: "user" }],
    });
  });

  test("reads people by name, attachments by theirs, and other bots too", async () => {
    await ingest(
      said(room, {
        author: { ...EVE, name: "Helper" },
        fromApp: true,
        content: "<@7001> build ok",
        mentions: [{ kind: "user", id: "7001" }],
      }),
      said(room, { content: "", attachments: [{ name: "log.txt", url: "https://x.invalid" }] }),
    );
    await settleDown(backend);
    expect(lines(0)).toEqual(["Helper: @Bob build ok", "Bob: [attachment: log.txt]"]);
  });

  test("to a person known by id only waits for their name", async () => {
    const slack = await mapChannel(backend, "slack");
    await backend.slack.mutation(api.bridge.ingest, {
      events: [saidOnSlack(slack.mappingId, { content: "hey" })],
      advance: [],
    });
    await settleDown(backend);
    expect(ai.requests).toEqual([]);
    await backend.slack.mutation(api.bridge.report, {
      people: [{ workspaceId: "T1", externalId: "U1", name: "Sam" }],
      problems: [],
      health: [],
    });
    await pass(backend, 1_500);
    expect(lines(0)).toEqual(["Sam: hey"]);
  });

  test("to a message that mentions what is known by id only waits for the names", async () => {
    const slack = await mapChannel(backend, "slack");
    const send = async (content: string, mentions: Mention[]) => {
      const event = saidOnSlack(slack.mappingId, { author: SAM, content, mentions });
      await backend.slack.mutation(api.bridge.ingest, { events: [event], advance: [] });
    };
    await send("<@U2> <#C2> <@&S2>?", [
      { kind: "user", id: "U2" },
      { kind: "channel", id: "C2" },
      { kind: "group", id: "S2" },
    ]);
    await settleDown(backend);
    expect(ai.requests).toEqual([]);
    const named = { workspaceId: "T1" };
    await backend.slack.mutation(api.bridge.report, {
      people: [
        { ...named, externalId: "U2", name: "Ada" },
        { ...named, externalId: "C2", name: "general", kind: "channel" },
        { ...named, externalId: "S2", name: "devs", kind: "group" },
      ],
      problems: [],
      health: [],
    });
    await pass(backend, 4_000);
    expect(lines(0)?.at(-1)).toBe("Sam: @Ada #general @devs?");
    await send("<@U2>", [{ kind: "user", id: "U2", name: "Ada" }]);
    await settleDown(backend);
    expect(ai.requests).toHaveLength(2);
    expect((await rows(backend, "users")).map(({ name }) => name)).not.toContain("general");
  });

  test("reads so much and no more, the newest first to stay", async () => {
    const events = Array.from({ length: 50 }, (_, i) =>
      said(room, { content: `${i} ${"x".repeat(2_000)}`, fromApp: true }),
    );
    await ingest(...events, said(room, { content: "so?" }));
    await settleDown(backend);
    const read = lines(0) ?? [];
    expect(read.at(-1)).toBe("Bob: so?");
    expect(read.join("").length).toBeLessThanOrEqual(24_000);
    expect(read[0]).toMatch(/^Bob: 39 /);
  });

  test("in a thread begins with the message the thread hangs on", async () => {
    const root = said(room, { content: "root", fromApp: true });
    await ingest(said(room, { content: "elsewhere", fromApp: true }), root);
    await exchange(backend, room, { threadId: root.externalId, content: "in thread" });
    expect(lines(0)).toEqual(["Bob: root", "Bob: in thread"]);
  });

  test("in a thread on the AI's own answer begins with that answer", async () => {
    await exchange(backend, room, { content: "question" });
    await new Worker(backend).post("900");
    await exchange(backend, room, { threadId: "900", content: "why so?" });
    expect(ai.requests[1]?.messages).toEqual([
      { role: "assistant", content: "answer 1" },
      { role: "user", content: "Bob: why so?" },
    ]);
  });

  test("in a long thread keeps the message the thread hangs on, shortened if need be", async () => {
    for (const content of ["root", "r".repeat(30_000)]) {
      const root = said(room, { content, fromApp: true });
      const thread = { threadId: root.externalId, fromApp: true };
      const inside = Array.from({ length: 10 }, (_, i) =>
        said(room, { ...thread, content: `${i} ${"x".repeat(3_000)}` }),
      );
      await ingest(root, ...inside);
      await exchange(backend, room, { threadId: root.externalId, content: "so?" });
      const read = lines(ai.requests.length - 1) ?? [];
      expect(read[0]).toBe(`Bob: ${content}`.slice(0, 6_000));
      expect(read.slice(-2)).toEqual([expect.stringMatching(/^Bob: 9 x/), "Bob: so?"]);
      expect(read.join("").length).toBeLessThanOrEqual(24_000);
    }
  });

  test("leaves out what was deleted", async () => {
    const event = said(room, { content: "secret", fromApp: true });
    await ingest(event, deleted(room, event.externalId));
    await exchange(backend, room, { content: "hi" });
    expect(lines(0)).toEqual(["Bob: hi"]);
  });

  test("leaves out an answer that a moderator deleted on the platform", async () => {
    // The deleted id is in `posts`, not in `messages`.
    await exchange(backend, room, { content: "hi" });
    await new Worker(backend).post("8001");
    await ingest(deleted(room, "8001"));
    await exchange(backend, room, { content: "next" });
    expect(lines(1)).toEqual(["Bob: hi", "Bob: next"]);
  });
});

describe("an admin's message in a private channel", () => {
  test("is answered in Convex and posted nowhere", async () => {
    const authorId = await backend.admin.mutation(api.index.createUser, { name: "Ada" });
    await backend.admin.mutation(api.index.sendMessage, { channelId, authorId, content: "hi" });
    await pass(backend, 300_000);
    expect(await spoken()).toEqual(["hi", "answer 1"]);
    expect(lines(0)).toEqual(["Ada: hi"]);
    expect(await rows(backend, "deliveries")).toEqual([]);
  });
});

describe("the watchdog", () => {
  const lose = async () => {
    await ingest(said(room));
    await backend.t.run(async (ctx) => {
      const reply = await ctx.db.query("replies").first();
      if (reply?.jobId) await ctx.scheduler.cancel(reply.jobId);
    });
  };

  test("has a reply written whose job vanished", async () => {
    await lose();
    await pass(backend, 120_000);
    expect(ai.requests).toHaveLength(1);
    expect(await spoken()).toEqual(["hello", "answer 1"]);
    expect(await rows(backend, "replies")).toMatchObject([{ state: "done", attempt: 2 }]);
  });

  test("leaves alone a job that waits its turn, and one that is running", async () => {
    const release = ai.holds("slow");
    await ingest(said(room));
    const [before] = await rows(backend, "replies");
    if (!before?.jobId) throw new Error("nothing was scheduled");
    const { _id: replyId, jobId } = before;
    for (const kind of ["pending", "inProgress"]) {
      const job = await backend.t.run(async (ctx) => ctx.db.system.get(jobId));
      expect(job?.state.kind).toBe(kind);
      await backend.t.mutation(internal.replies.watch, { replyId, attempt: 1 });
      expect(await rows(backend, "replies")).toMatchObject([{ state: "open", attempt: 1, jobId }]);
      await settleDown(backend);
    }
    release();
    await pass(backend, 300_000);
    expect(await spoken()).toEqual(["hello", "slow"]);
    expect(ai.requests).toHaveLength(1);
  });

  test("drops what a job presumed lost says after another has answered", async () => {
    await exchange(backend, room);
    const [reply] = await rows(backend, "replies");
    if (!reply) throw new Error("nothing was asked");
    const read = (await rows(backend, "messages")).slice(0, 1).map(({ _id }) => _id);
    const late = { replyId: reply._id, attempt: 1, read, content: "twice" };
    await backend.t.mutation(internal.replies.store, late);
    await backend.t.mutation(internal.replies.store, { ...late, attempt: 0 });
    expect(await spoken()).toEqual(["hello", "answer 1"]);
    expect(await rows(backend, "deliveries")).toHaveLength(1);
  });
});
