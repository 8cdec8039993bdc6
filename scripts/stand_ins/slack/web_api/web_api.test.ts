import {
  WebAPIHTTPError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from "@slack/web-api";
import { z } from "zod";
import { type SlackStandIn, startSlackStandIn } from "../stand_in.ts";
import { cleanups, errorOf, quiet, setting, webClient } from "../test_clients.ts";
import { afterEach, describe, expect, it } from "vitest";
import { cleanUp, start } from "../test_clients.ts";

afterEach(cleanUp);

describe("the Web API", () => {
  it("stores metadata with a post, and returns it in history only on request", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const client = webClient(slack);
    const metadata = {
      event_type: "bridge_delivery",
      event_payload: { delivery_id: "d1", part: 0 },
    };
    const blocks = [{ type: "markdown", text: "# Big\n`<!channel>` **bold**" }];
    const posted = await client.chat.postMessage({ channel, text: "Big", blocks, metadata });
    expect(slack.posts).toMatchObject([
      {
        id: posted.ts,
        text: "# Big\n`<!channel>` **bold**",
        metadata,
        pings: [],
        body: { blocks },
      },
    ]);

    const plain = await client.conversations.history({ channel });
    expect(plain.messages?.[0]).toMatchObject({
      ts: posted.ts,
      bot_id: slack.botProfileId,
      text: "Big",
    });
    expect(plain.messages?.[0]).not.toHaveProperty("metadata");
    const full = await client.conversations.history({ channel, include_all_metadata: true });
    expect(full.messages?.[0]?.metadata).toEqual(metadata);
  });

  it("takes only so many posts of a channel in a time, and says when to post again", async () => {
    const slack = await start({ postLimit: { requests: 2, windowMs: 1_500 } });
    const [general = "", random = ""] = ["general", "random"].map((name) => slack.addChannel(name));
    const post = (channel: string) => webClient(slack).chat.postMessage({ channel, text: "hello" });
    await post(general);
    await post(general);
    expect(await errorOf(post(general))).toMatchObject({ retryAfter: 2 });
    await post(random);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    await post(general);
    expect(slack.posts.map(({ channel }) => channel)).toEqual([general, general, random, general]);
  });

  it("takes only so many edits of the workspace in a time", async () => {
    const slack = await start({ updateLimit: { requests: 2, windowMs: 60_000 } });
    const { chat } = webClient(slack);
    const update = async (name: string) => {
      const channel = slack.addChannel(name);
      const { ts = "" } = await chat.postMessage({ channel, text: "a" });
      return await chat.update({ channel, ts, text: "b" });
    };
    await update("general");
    await update("random");
    expect(await errorOf(update("more"))).toMatchObject({ retryAfter: 60 });
  });

  it("pages history newest first without thread replies, and a thread oldest first with its root", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const ada = slack.addPerson("Ada");
    const say = (text: string, thread?: string, broadcast = false) =>
      slack.say({ channel, person: ada, text, ...(thread !== undefined && { thread, broadcast }) });
    const roots = ["1", "2", "3", "4", "5"].map((text) => say(text));
    const [, second = "", , fourth = ""] = roots;
    say("2a", second);
    say("2b", second, true);
    say("2c", second);

    const client = webClient(slack);
    const pages: (string | undefined)[][] = [];
    for await (const page of client.paginate("conversations.history", { channel, limit: 4 })) {
      const { messages } = z
        .looseObject({ messages: z.array(z.looseObject({ text: z.string() })) })
        .parse(page);
      pages.push(messages.map(({ text }) => text));
    }
    expect(pages).toEqual([
      ["2b", "5", "4", "3"],
      ["2", "1"],
    ]);
    const range = await client.conversations.history({ channel, oldest: second, latest: fourth });
    expect(range.messages?.map(({ text }) => text)).toEqual(["3"]);
    const wide = { channel, oldest: second, latest: fourth, inclusive: true };
    const inclusive = await client.conversations.history(wide);
    expect(inclusive.messages).toMatchObject([
      { text: "4" },
      { text: "3" },
      { text: "2", thread_ts: second, reply_count: 3 },
    ]);

    const first = await client.conversations.replies({ channel, ts: second, limit: 3 });
    expect(first.messages?.map(({ text }) => text)).toEqual(["2", "2a", "2b"]);
    expect(first.has_more).toBe(true);
    const cursor = z.string().parse(first.response_metadata?.next_cursor);
    const rest = await client.conversations.replies({ channel, ts: second, limit: 3, cursor });
    expect(rest.messages?.map(({ text }) => text)).toEqual(["2c"]);
    expect(await errorOf(client.conversations.replies({ channel, ts: "1.000001" }))).toBe(
      "thread_not_found",
    );
    expect(await errorOf(client.conversations.history({ channel, cursor: "made up" }))).toBe(
      "invalid_cursor",
    );
  });

  it("changes and deletes the bot's own posts only", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const ada = slack.say({ channel, person: slack.addPerson("Ada"), text: "mine" });
    const client = webClient(slack);
    const { ts = "" } = await client.chat.postMessage({ channel, text: "a" });
    await client.chat.update({ channel, ts, text: "b" });
    expect(slack.transcript(channel)[1]).toMatchObject({ id: ts, text: "b", edited: true });
    expect(await errorOf(client.chat.update({ channel, ts: ada, text: "c" }))).toBe(
      "cant_update_message",
    );
    expect(await errorOf(client.chat.delete({ channel, ts: ada }))).toBe("cant_delete_message");
    await client.chat.delete({ channel, ts });
    expect(await errorOf(client.chat.delete({ channel, ts }))).toBe("message_not_found");
    expect(slack.transcript(channel).map(({ text }) => text)).toEqual(["mine"]);
  });

  it("describes users, bots and channels", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    slack.addChannel("secret", { isPrivate: true });
    const ada = slack.addPerson("Ada L");
    const client = webClient(slack);
    const me = await client.auth.test();
    expect(me).toMatchObject({
      team_id: slack.teamId,
      user_id: slack.botId,
      bot_id: slack.botProfileId,
    });
    expect(me.response_metadata?.scopes).toContain("chat:write");
    const bot = await client.bots.info({ bot: slack.botProfileId });
    expect(bot.bot).toMatchObject({ app_id: slack.appId, user_id: slack.botId });
    const user = await client.users.info({ user: ada });
    expect(user.user).toMatchObject({ id: ada, profile: { display_name: "Ada L" } });
    const info = await client.conversations.info({ channel });
    expect(info.channel).toMatchObject({ id: channel, name: "general", is_member: true });
    const list = await client.conversations.list();
    expect(list.channels?.map(({ name }) => name)).toEqual(["general"]);
  });

  it("tells of a file what Slack tells of it, to who has the scope", async () => {
    const slack = await start();
    const plan = { name: "plan.pdf", mimetype: "application/pdf", size: 7 };
    const client = webClient(slack);
    const foreign = slack.addFile({ ...plan, at: "elsewhere" });
    const { file } = await client.files.info({ file: foreign });
    expect(file).toMatchObject({ ...plan, id: foreign, permalink: expect.any(String) as string });
    const hidden = slack.addFile({ ...plan, at: "hidden" });
    const answer = await client.files.info({ file: hidden });
    expect(answer.file).toMatchObject({ id: hidden, file_access: "check_file_info" });
    expect(answer.file).not.toHaveProperty("name");
    expect(await errorOf(client.files.info({ file: "F0NOWHERE" }))).toBe("file_not_found");
    const narrow = await start({ scopes: ["chat:write"] });
    expect(await errorOf(webClient(narrow).files.info({ file: "F1" }))).toBe("missing_scope");
  });

  it("refuses with Slack's errors", async () => {
    const slack = await start({ scopes: ["chat:write"] });
    const [open, foreign, archived] = ["open", "foreign", "archived"].map((name) =>
      slack.addChannel(name),
    );
    if (open === undefined || foreign === undefined || archived === undefined) throw new Error();
    slack.setBotMember(foreign, false);
    slack.setArchived(archived, true);
    const client = webClient(slack);
    const post = (args: Record<string, unknown>) =>
      errorOf(client.apiCall("chat.postMessage", { channel: open, text: "x", ...args }));

    expect(await post({ channel: "C0NOWHERE" })).toBe("channel_not_found");
    expect(await post({ channel: foreign })).toBe("not_in_channel");
    const hidden = slack.addChannel("hidden", { isPrivate: true });
    slack.setBotMember(hidden, false);
    expect(await post({ channel: hidden })).toBe("channel_not_found");
    expect(await post({ channel: archived })).toBe("is_archived");
    expect(await post({ text: "" })).toBe("no_text");
    expect(await post({ text: "x".repeat(40_001) })).toBe("msg_too_long");
    const markdown = (length: number) => ({ type: "markdown", text: "x".repeat(length) });
    expect(await post({ blocks: [markdown(12_001)] })).toBe("msg_blocks_too_long");
    expect(await post({ blocks: [markdown(6_000), markdown(6_001)] })).toBe("msg_blocks_too_long");
    expect(await post({ blocks: [markdown(12_000)] })).toBeUndefined();
    const long = { type: "mrkdwn", text: "x".repeat(3_001) };
    expect(await post({ blocks: [{ type: "section", text: long }] })).toBe("invalid_blocks");
    expect(await post({ metadata: { event_type: "x" } })).toBe("invalid_metadata_format");
    expect(await post({ thread_ts: "1.000001" })).toBe("thread_not_found");
    expect(await errorOf(client.conversations.info({ channel: open }))).toBe("missing_scope");
    expect(await errorOf(webClient(slack, {}, "xoxb-wrong").auth.test())).toBe("invalid_auth");
    expect(
      await errorOf(
        new WebClient(undefined, {
          slackApiUrl: setting(slack, "SLACK_API_URL"),
          logger: quiet,
        }).auth.test(),
      ),
    ).toBe("not_authed");
    expect(await errorOf(client.apps.connections.open())).toBe("not_allowed_token_type");
    expect(slack.posts).toHaveLength(1);
  });

  it("lists the people a post would ping, except those mentioned in code", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const ada = slack.addPerson("Ada");
    const client = webClient(slack);
    await client.chat.postMessage({ channel, text: `<@${ada}> <!here|here> \`<!channel>\`` });
    await client.chat.postMessage({ channel, text: "&lt;!channel&gt; @everyone" });
    const blocks = [{ type: "markdown", text: "<!channel>" }];
    await client.chat.postMessage({ channel, text: "quiet", blocks });
    expect(slack.posts.map(({ pings }) => pings)).toEqual([[ada, "here"], [], ["channel"]]);
  });

  it("fails as queued, with or without executing the post", async () => {
    const slack = await start();
    const channel = slack.addChannel("general");
    const client = webClient(slack, { timeout: 150 });
    const post = async (fault: Parameters<SlackStandIn["answerNext"]>[1]) => {
      slack.answerNext("chat.postMessage", fault);
      return errorOf(client.chat.postMessage({ channel, text: JSON.stringify(fault) }));
    };
    const limited = await post({ retryAfter: 7 });
    expect(limited).toBeInstanceOf(WebAPIRateLimitedError);
    expect(limited).toMatchObject({ retryAfter: 7 });
    expect(await post({ error: "fatal_error" })).toBe("fatal_error");
    expect(await post(503)).toBeInstanceOf(WebAPIHTTPError);
    expect(await post("hang")).toBeInstanceOf(WebAPIRequestError);
    expect(slack.posts).toEqual([]);

    expect(await post("hangAfterAccept")).toBeInstanceOf(WebAPIRequestError);
    expect(await post("500AfterAccept")).toBeInstanceOf(WebAPIHTTPError);
    expect(slack.posts.map(({ text }) => text)).toEqual(['"hangAfterAccept"', '"500AfterAccept"']);
  });

  it("refuses and records what it does not implement", async () => {
    const slack = await startSlackStandIn();
    cleanups.push(() => slack.stop());
    const channel = slack.addChannel("general");
    const client = webClient(slack);
    expect(await errorOf(client.reactions.add({ channel, name: "x", timestamp: "1.0" }))).toBe(
      "unknown_method",
    );
    const call = client.chat.postMessage({ channel, text: "x", icon_emoji: ":x:" });
    expect(await errorOf(call)).toBe("invalid_arguments");
    const page = await fetch(new URL("/nowhere", setting(slack, "SLACK_API_URL")));
    expect(page.status).toBe(501);
    expect(slack.refused).toEqual([
      "reactions.add",
      "chat.postMessage: icon_emoji",
      "GET /nowhere",
    ]);
  });
});
