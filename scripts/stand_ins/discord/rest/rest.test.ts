import { REST } from "@discordjs/rest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Snowflakes, timeOf } from "../world/snowflakes.ts";
import { startDiscordStandIn, type DiscordStandIn } from "../stand_in.ts";

let discord: DiscordStandIn;
let general: string;
let ada: string;
let rest: REST;
/** What the test requests that the stand-in doesn't implement. */
let refused: string[];

beforeEach(async () => {
  discord = await startDiscordStandIn({ rateLimits: "generous" });
  general = discord.addChannel("general");
  ada = discord.addPerson("Ada");
  rest = new REST({ api: discord.env.DISCORD_API_URL ?? "", retries: 0, timeout: 300 });
  rest.setToken(discord.env.DISCORD_BOT_TOKEN ?? "");
  refused = [];
});

afterEach(async () => {
  expect(discord.refused).toEqual(refused);
  await discord.stop();
});

const post = (body: unknown) => rest.post(`/channels/${general}/messages`, { body });
const say = (text: string) => discord.say({ channel: general, person: ada, text });

function fetchRaw(path: string, init: RequestInit = {}, token = discord.env.DISCORD_BOT_TOKEN) {
  return fetch(`${discord.env.DISCORD_API_URL ?? ""}/v10/${path}`, {
    ...init,
    headers: { authorization: `Bot ${token ?? ""}`, "content-type": "application/json" },
  });
}

describe("create message", () => {
  it.each([
    ["nothing", { content: "" }, 50006],
    ["only space", { content: " \n" }, 50006],
    ["more than 2,000 characters", { content: "x".repeat(2_001) }, 50035],
    ["a nonce over 25 characters", { content: "hi", nonce: "n".repeat(26) }, 50035],
    [
      "a reply to nothing",
      { content: "hi", message_reference: { message_id: "1".repeat(18) } },
      50035,
    ],
    [
      "mentions allowed in two ways",
      { content: "hi", allowed_mentions: { parse: ["users"], users: ["1"] } },
      50035,
    ],
    ["content that is no text", { content: { a: 1 } }, 50035],
  ])("refuses %s", async (_, body, code) => {
    await expect(post(body)).rejects.toMatchObject({ code, status: 400 });
    expect(discord.posts).toEqual([]);
  });

  it("accepts exactly 2,000 characters and a nonce of 25", async () => {
    await post({ content: "x".repeat(2_000), nonce: "n".repeat(25), enforce_nonce: true });
    expect(discord.posts).toHaveLength(1);
  });

  it("posts without a reference when the message is gone and fail_if_not_exists is false", async () => {
    const id = say("soon gone");
    discord.remove({ channel: general, id });
    await post({ content: "hi", message_reference: { message_id: id, fail_if_not_exists: false } });
    expect(discord.posts[0]).not.toHaveProperty("replyTo");
  });

  it("pings the author it replies to by default", async () => {
    const message_reference = { message_id: say("why?") };
    await post({ content: "because", message_reference });
    await post({ content: "because", message_reference, allowed_mentions: { parse: [] } });
    expect(discord.posts.map((each) => each.pings)).toEqual([[ada], []]);
  });

  it("trims the stored text and records the request body as received", async () => {
    expect(await post({ content: "  hi\n" })).toMatchObject({ content: "hi" });
    expect(discord.posts[0]?.text).toBe("  hi\n");
  });

  it("forgets a nonce when its window has passed", async () => {
    const brief = await startDiscordStandIn({ nonceWindowMs: 0, rateLimits: "generous" });
    const channel = brief.addChannel("general");
    const other = new REST({ api: brief.env.DISCORD_API_URL ?? "", retries: 0 });
    other.setToken(brief.env.DISCORD_BOT_TOKEN ?? "");
    const body = { content: "hi", nonce: "n", enforce_nonce: true };
    for (let n = 0; n < 2; n += 1) await other.post(`/channels/${channel}/messages`, { body });
    expect(brief.posts).toHaveLength(2);
    await brief.stop();
  });
});

describe("history", () => {
  it("is paged before, after and around a message, newest first", async () => {
    const ids = ["1", "2", "3", "4", "5"].map(say);
    const page = async (query: string) => {
      const found = await rest.get(`/channels/${general}/messages?${query}`);
      return (found as { content: string }[]).map((message) => message.content).join("");
    };
    expect(await page("limit=2")).toBe("54");
    expect(await page(`before=${ids[2] ?? ""}&limit=2`)).toBe("21");
    expect(await page(`after=${ids[1] ?? ""}&limit=2`)).toBe("43");
    expect(await page("after=0&limit=2")).toBe("21");
    expect(await page(`around=${ids[2] ?? ""}&limit=3`)).toBe("432");
    await expect(page("limit=101")).rejects.toMatchObject({ code: 50035 });
  });

  it("is empty, and replies are refused, without the permission to read it", async () => {
    const id = say("hello");
    discord.deny(general, { history: true });
    expect(await rest.get(`/channels/${general}/messages`)).toEqual([]);
    await expect(rest.get(`/channels/${general}/messages/${id}`)).rejects.toMatchObject({
      code: 50013,
    });
    await expect(
      post({ content: "hi", message_reference: { message_id: id } }),
    ).rejects.toMatchObject({
      code: 160002,
    });
  });

  it("lists threads that are active and threads that are archived", async () => {
    const [one, two] = [say("one"), say("two")];
    for (const id of [one, two]) discord.openThread({ channel: general, id, name: "thread" });
    discord.setArchived(one, true);
    const active = await rest.get(`/guilds/${discord.guildId}/threads/active`);
    const archived = await rest.get(`/channels/${general}/threads/archived/public`);
    expect(active).toMatchObject({ threads: [{ id: two, parent_id: general }] });
    expect(archived).toMatchObject({ threads: [{ id: one }], has_more: false });
    await rest.post(`/channels/${one}/messages`, { body: { content: "awake" } });
    expect(await rest.get(`/channels/${general}/threads/archived/public`)).toMatchObject({
      threads: [],
    });
  });

  it("hides content from an app without the Message Content intent", async () => {
    const strict = await startDiscordStandIn({ messageContentIntent: false });
    const channel = strict.addChannel("general");
    strict.say({ channel, person: strict.addPerson("Ada"), text: "hidden" });
    const other = new REST({ api: strict.env.DISCORD_API_URL ?? "" });
    other.setToken(strict.env.DISCORD_BOT_TOKEN ?? "");
    expect(await other.get(`/channels/${channel}/messages`)).toMatchObject([{ content: "" }]);
    expect(await other.get("/applications/@me")).toMatchObject({ flags: 0 });
    await strict.stop();
  });
});

describe("refusals", () => {
  it("answers 401 with code 0 to a wrong token", async () => {
    const answer = await fetchRaw("users/@me", {}, "wrong");
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { message: "401: Unauthorized", code: 0 },
    ]);
  });

  it("names what is missing: channel, message, access, permission", async () => {
    const nowhere = "1".repeat(18);
    await expect(rest.get(`/channels/${nowhere}`)).rejects.toMatchObject({
      code: 10003,
      status: 404,
    });
    await expect(rest.get(`/channels/${general}/messages/${nowhere}`)).rejects.toMatchObject({
      code: 10008,
      status: 404,
    });
    discord.deny(general, { send: true });
    await expect(post({ content: "hi" })).rejects.toMatchObject({ code: 50013, status: 403 });
    discord.deny(general, { view: true });
    await expect(post({ content: "hi" })).rejects.toMatchObject({ code: 50001, status: 403 });
    discord.deny(general, {});
    await post({ content: "hi" });
  });

  it("refuses and records what it doesn't implement", async () => {
    const answer = await fetchRaw("guilds/1/bans");
    expect(answer.status).toBe(501);
    expect(await answer.text()).toContain("GET /api/v10/guilds/1/bans");
    await expect(post({ content: "hi", embeds: [{ title: "no" }] })).rejects.toMatchObject({
      status: 501,
    });
    refused = ["GET /api/v10/guilds/1/bans", 'POST channels/:id/messages with "embeds"'];
  });

  it("answers 429 with the time to wait, and accepts requests in the next window", async () => {
    const limited = await startDiscordStandIn({
      rateLimits: { "POST channels/:id/messages": { requests: 1, windowMs: 400 } },
    });
    const url = `${limited.env.DISCORD_API_URL ?? ""}/v10/channels/${limited.addChannel("a")}/messages`;
    const send = () =>
      fetch(url, {
        method: "POST",
        body: '{"content":"hi"}',
        headers: {
          authorization: `Bot ${limited.env.DISCORD_BOT_TOKEN ?? ""}`,
          "content-type": "application/json",
        },
      });
    const first = await send();
    expect(first.headers.get("x-ratelimit-limit")).toBe("1");
    expect(first.headers.get("x-ratelimit-remaining")).toBe("0");
    const second = await send();
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(second.headers.get("x-ratelimit-scope")).toBe("user");
    const body = (await second.json()) as { retry_after: number };
    expect(body).toMatchObject({ global: false, retry_after: expect.any(Number) as number });
    expect(body.retry_after).toBeLessThanOrEqual(0.4);
    await expect.poll(async () => (await send()).status, { timeout: 2_000 }).toBe(200);
    expect(limited.posts).toHaveLength(2);
    await limited.stop();
  });

  it("hangs before or after it executes a request, depending on the fault", async () => {
    discord.answerNext("POST channels/:id/messages", "hang");
    discord.answerNext("POST channels/:id/messages", "hangAfterAccept");
    await expect(post({ content: "lost" })).rejects.toThrow();
    expect(discord.posts).toEqual([]);
    await expect(post({ content: "accepted" })).rejects.toThrow();
    expect(discord.posts.map((each) => each.text)).toEqual(["accepted"]);
    discord.answerNext("POST channels/:id/messages", { error: "50013" });
    await expect(post({ content: "no" })).rejects.toMatchObject({ code: 50013 });
    expect(discord.transcript(general).map((message) => message.text)).toEqual(["accepted"]);
  });
});

describe("people", () => {
  it("may type 4,000 characters and no more", () => {
    say("x".repeat(4_000));
    expect(() => say("x".repeat(4_001))).toThrow("4000");
  });

  it("get increasing ids in Discord's layout, also beyond the ids of one millisecond", () => {
    const ids = new Snowflakes();
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(now);
    const made = Array.from({ length: 10_000 }, () => BigInt(ids.next()));
    clock.mockRestore();
    expect(made.every((id, at) => at === 0 || id > (made[at - 1] ?? 0n))).toBe(true);
    // Between the time and the counter: worker and process, always 0 here.
    expect(made.every((id) => ((id >> 12n) & 0x3ffn) === 0n)).toBe(true);
    expect(timeOf(String(made[0] ?? 0n))).toBe(now);
  });
});
