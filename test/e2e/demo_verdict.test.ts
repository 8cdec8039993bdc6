import { expect, test } from "vitest";
import { z } from "zod";
import { runDemo } from "../../scripts/verify/demo/run_demo.ts";
import type { DiscordStandIn } from "../../scripts/stand_ins/discord/stand_in.ts";
import type { SlackStandIn } from "../../scripts/stand_ins/slack/stand_in.ts";

/** Drops the frame that would deliver "Message 2 of 50." to the bridge. Returns the message's id once it is posted. */
function loseMessage(discord: DiscordStandIn): () => string | undefined {
  discord.onChange(({ message }) => {
    if (message.text === "Message 1 of 50.") discord.frameNext("MESSAGE_CREATE", "drop");
  });
  return () =>
    discord.history.find((act) => act.kind === "say" && act.text === "Message 2 of 50.")?.id;
}

/** Posts the bot's first reply a second time, with the bot's own token. Returns the copy's id once it is posted. */
function doubleReply(slack: SlackStandIn): () => string | undefined {
  const { SLACK_API_URL = "", SLACK_BOT_TOKEN = "" } = slack.env;
  let copy: string | undefined;
  const stop = slack.onChange(({ kind, message, channel }) => {
    if (kind !== "new" || !message.fromBot) return;
    stop();
    void post({ channel, text: message.text });
  });
  const post = async (body: unknown) => {
    const response = await fetch(`${SLACK_API_URL}chat.postMessage`, {
      method: "POST",
      headers: { authorization: `Bearer ${SLACK_BOT_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    copy = z.object({ ts: z.string() }).parse(await response.json()).ts;
  };
  return () => copy;
}

test("the demo reports a message that was lost and a post that was duplicated", async () => {
  const printed: string[] = [];
  let lost: () => string | undefined = () => undefined;
  let doubled: () => string | undefined = () => undefined;

  const ok = await runDemo({
    limit: 0,
    idleTimeoutMs: 4_000,
    print: (text) => printed.push(text),
    tamper: ({ discord, slack }) => {
      lost = loseMessage(discord);
      doubled = doubleReply(slack);
    },
  });

  expect(ok).toBe(false);
  const differences = printed.filter((line) =>
    /^(lost|duplicated|unknown|different|not shown)/.test(line),
  );
  expect(differences).toEqual([
    expect.stringContaining(`lost: discord message ${lost() ?? "?"} `),
    expect.stringContaining(`duplicated: slack post ${doubled() ?? "?"} `),
  ]);
  expect(printed.at(-1)).toMatch(/^demo failed: mirrored=119 replies=\d+ lost=1 duplicated=1$/);
}, 90_000);
