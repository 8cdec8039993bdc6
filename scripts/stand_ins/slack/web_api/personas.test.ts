import { WebAPIPlatformError } from "@slack/web-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../../../test/support/eventually.ts";
import type { SlackStandIn } from "../stand_in.ts";
import { cleanUp, type Envelope, listener, start, webClient } from "../test_clients.ts";

const SCOPE = "chat:write.customize";
const ADA = { username: "Ada (Discord)", icon_url: "https://example.com/ada.png" };

let slack: SlackStandIn;
let channel: string;

beforeEach(async () => {
  slack = await start();
  channel = slack.addChannel("general");
});

afterEach(cleanUp);

describe("a post under a name and a picture", () => {
  it("is a bot_message of the app without a user, wherever it is read", async () => {
    const seen: Envelope["body"]["event"][] = [];
    await listener(slack, async ({ ack, body }) => {
      seen.push(body.event);
      await ack();
    });
    const client = webClient(slack);
    const metadata = { event_type: "relayed", event_payload: { of: "1" } };
    const { ts = "", message } = await client.chat.postMessage({
      channel,
      text: "hi",
      ...ADA,
      metadata,
    });
    const form = {
      type: "message",
      subtype: "bot_message",
      text: "hi",
      username: ADA.username,
      icons: { image_48: ADA.icon_url },
      bot_id: slack.botProfileId,
      app_id: slack.appId,
    };
    const history = await client.conversations.history({ channel, include_all_metadata: true });
    expect(history.messages?.[0]).toMatchObject({ ...form, metadata });
    await eventually(() => expect(seen).toHaveLength(1));
    for (const read of [message, history.messages?.[0], seen[0]]) {
      expect(read).toMatchObject(form);
      expect(read).not.toHaveProperty("user");
      expect(read).not.toHaveProperty("bot_profile");
    }
    expect(slack.posts).toMatchObject([
      { id: ts, persona: { name: ADA.username, avatarUrl: ADA.icon_url }, metadata },
    ]);
    expect(slack.transcript(channel)).toMatchObject([{ author: ADA.username, fromBot: true }]);
  });

  it("keeps them when it is edited, and is no person as a thread's root", async () => {
    const client = webClient(slack);
    const { ts = "" } = await client.chat.postMessage({ channel, text: "draft", ...ADA });
    await client.chat.update({ channel, ts, text: "final" });
    await client.chat.postMessage({ channel, text: "in", thread_ts: ts, ...ADA });
    const { messages = [] } = await client.conversations.replies({ channel, ts });
    expect(messages).toMatchObject([
      { text: "final", username: ADA.username, reply_users: [slack.botProfileId] },
      { text: "in", username: ADA.username },
    ]);
    expect(messages[1]).not.toHaveProperty("parent_user_id");
  });

  it("is refused without the scope, until the app is given it", async () => {
    const client = webClient(slack);
    slack.setScope(SCOPE, false);
    const refused = await client.chat
      .postMessage({ channel, text: "hi", ...ADA })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WebAPIPlatformError);
    expect(refused).toMatchObject({
      data: {
        error: "missing_scope",
        needed: SCOPE,
        provided: expect.stringContaining("chat:write,files:read") as string,
      },
    });
    const plain = await client.chat.postMessage({ channel, text: "hi" });
    expect(plain.message).toMatchObject({ user: slack.botId });
    expect(plain.response_metadata?.scopes).not.toContain(SCOPE);
    slack.setScope(SCOPE, true);
    await client.chat.postMessage({ channel, text: "hi", ...ADA });
    expect(slack.transcript(channel).map(({ author }) => author)).toEqual(["bridge", ADA.username]);
  });

  it("is the app's own where Slack leaves them out without the scope", async () => {
    const lenient = await start({ ignoresPersonas: true, scopes: ["chat:write"] });
    const client = webClient(lenient);
    const place = lenient.addChannel("general");
    const { message } = await client.chat.postMessage({ channel: place, text: "hi", ...ADA });
    expect(message).toMatchObject({ user: lenient.botId });
    expect(message).not.toHaveProperty("username");
    expect(lenient.posts[0]).not.toHaveProperty("persona");
  });
});
