import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Posts with the bot's own token. Returns the post's id. */
async function postOnSlack({ env }: SlackStandIn, body: unknown): Promise<string> {
  const { SLACK_API_URL = "", SLACK_BOT_TOKEN = "" } = env;
  const response = await fetch(`${SLACK_API_URL}chat.postMessage`, {
    method: "POST",
    headers: { authorization: `Bearer ${SLACK_BOT_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return z.object({ ts: z.string() }).parse(await response.json()).ts;
}

/** Posts the bot's first reply a second time, with the bot's own token. Returns the copy's id once it is posted. */
function doubleReply(slack: SlackStandIn): () => string | undefined {
  let copy: string | undefined;
  const stop = slack.onChange(({ kind, message, channel }) => {
    if (kind !== "new" || !message.fromBot) return;
    stop();
    void postOnSlack(slack, { channel, text: message.text }).then((id) => (copy = id));
  });
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
  expect(printed.at(-1)).toMatch(
    /^demo failed: mirrored=124 relayed=3 replies=\d+ lost=1 duplicated=1 inverted=0 streamed=2 edits=\d+$/,
  );
}, 90_000);

/** Posts the first copy on Slack a second time, under the same name. Returns the second one's id once it is posted. */
function doubleCopy(slack: SlackStandIn): () => string | undefined {
  let copy: string | undefined;
  const stop = slack.onChange(({ kind, message, channel }) => {
    if (kind !== "new" || !message.fromBot) return;
    stop();
    const again = { channel, text: message.text, username: message.author };
    void postOnSlack(slack, again).then((id) => (copy = id));
  });
  return () => copy;
}

test("the relayed replay reports a message that did not cross and a copy that is there twice", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bridge-replay-"));
  const file = join(folder, "log.jsonl");
  const users = ["Ada", "Grace"];
  const lines = Array.from({ length: 12 }, (_, n) => ({
    user: users[n % 3 === 0 ? 0 : 1],
    text: `Line ${n.toString()} with \`code\`, for <@Ada>.`,
  }));
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  const printed: string[] = [];
  let doubled: () => string | undefined = () => undefined;

  const options = { replay: file, relay: true, limit: 12, idleTimeoutMs: 5_000 };
  expect(await runDemo({ ...options, print: (text) => printed.push(text) })).toBe(true);
  expect(printed.at(-1)).toBe(
    "demo ok: mirrored=12 relayed=12 replies=1 lost=0 duplicated=0 inverted=0",
  );

  const ok = await runDemo({
    ...options,
    print: (text) => printed.push(text),
    tamper: ({ discord, slack }) => {
      discord.onChange(({ message }) => {
        if (message.text.startsWith("Line 2")) discord.frameNext("MESSAGE_CREATE", "drop");
      });
      doubled = doubleCopy(slack);
    },
  });
  await rm(folder, { recursive: true });
  expect(ok).toBe(false);
  expect(printed.filter((line) => /^(lost|duplicated|out of order)/.test(line))).toEqual([
    expect.stringMatching(/^lost: discord message \d+ in \d+ is not in Convex$/),
    `duplicated: slack post ${doubled() ?? "?"} by Ada repeats a message`,
    expect.stringMatching(/^lost: Grace's message \d+ is not on slack$/),
  ]);
  expect(printed.at(-1)).toMatch(
    /^demo failed: mirrored=11 relayed=11 replies=1 lost=2 duplicated=1 inverted=0$/,
  );
}, 90_000);
