import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readKeySet } from "../../scripts/cli/setup/key_sets.ts";
import {
  AI_KEY,
  calls,
  CTRL_C,
  DOWN,
  ENTER,
  file,
  giveTokens,
  root,
  settings,
  startSession,
  TOKEN,
  useSetupFolder,
  variables,
} from "../support/setup_session.ts";

/* The questions of setup. */

useSetupFolder();

test("an invalid token is asked for again and not printed", async () => {
  const session = startSession({ hosting: "cloud" });
  await session.answer("DISCORD_BOT_TOKEN", `${TOKEN}${ENTER}`);
  await session.answer("SLACK_BOT_TOKEN", `xapp-MARKED-swapped${ENTER}`);
  await session.answer("does not start with xoxb-", CTRL_C);
  expect(String(await session.ended)).toContain("stopped");
  expect(session.output()).not.toContain("MARKED");
});

test("a token at another service's prompt is asked for again", async () => {
  const session = startSession({ hosting: "cloud" });
  await session.answer("DISCORD_BOT_TOKEN", `xoxb-MARKED-slack${ENTER}`);
  await session.answer("is a token of Slack", CTRL_C);
  expect(String(await session.ended)).toContain("stopped");
});

test("each prompt says where its value is found", async () => {
  const session = startSession({ hosting: "cloud" });
  await session.answer(
    "Discord bot token: Discord Developer Portal > your app > Bot",
    `${TOKEN}${ENTER}`,
  );
  await session.answer("OAuth & Permissions", `xoxb-MARKED${ENTER}`);
  await session.answer("App-Level Tokens", `xapp-MARKED${ENTER}`);
  await session.answer("public chat API", ENTER);
  await session.answer("API keys", `${AI_KEY}${ENTER}`);
  expect(await session.ended, session.output()).toBe("done");
});

test("Ctrl-C at the first question changes nothing", async () => {
  const mine = "# mine\nOTHER=kept\n";
  await writeFile(join(root, ".env.local"), mine);
  const first = startSession();
  await first.answer("Where should Convex run?", CTRL_C);
  expect(String(await first.ended)).toMatch(/stopped. Run it again/);
  expect([await file(".env.local"), await calls()]).toEqual([mine, []]);
});

test("Ctrl-C loses no answer that was given before", async () => {
  const first = startSession();
  await first.answer("Where should Convex run?", ENTER);
  await first.answer("DISCORD_BOT_TOKEN", `${TOKEN}${ENTER}`);
  await first.answer("SLACK_BOT_TOKEN", `xoxb-MARKED${ENTER}`);
  await first.answer("SLACK_APP_TOKEN", CTRL_C);
  expect(String(await first.ended)).toContain("stopped");
  expect(await settings()).toMatchObject({
    DISCORD_BOT_TOKEN: TOKEN,
    SLACK_BOT_TOKEN: "xoxb-MARKED",
  });

  // The next run continues: it asks only for what is missing.
  const second = startSession();
  await second.answer("SLACK_APP_TOKEN", `xapp-MARKED${ENTER}`);
  await second.answer("PUBLIC_CHAT", `${DOWN}${ENTER}`);
  await second.answer("OPENAI_API_KEY", CTRL_C);
  expect(String(await second.ended)).toContain("stopped");
  expect(await variables()).toMatchObject({ PUBLIC_CHAT: "open" });

  const third = startSession();
  await third.answer("OPENAI_API_KEY", `${AI_KEY}${ENTER}`);
  expect(await third.ended, third.output()).toBe("done");
  expect(third.output()).not.toMatch(/DISCORD_BOT_TOKEN|MARKED/);
});

test("setup names variables of the deployment that can't be read, and asks about the chat API again", async () => {
  await writeFile(
    join(root, "variables.json"),
    JSON.stringify({ AI_REPLIES_PER_DAY: "abc", PUBLIC_CHAT: "perhaps" }),
  );
  const session = startSession({ hosting: "cloud" });
  await giveTokens(session);
  expect(await session.ended, session.output()).toBe("done");
  expect((await variables()).PUBLIC_CHAT).toBe("closed");
  expect(session.output()).toMatch(/AI_REPLIES_PER_DAY is not a whole number, so it counts as 0/);
});

test("a CLI that selects no deployment ends setup, and the next run asks again", async () => {
  const failed = startSession({}, { STUB_CLI_FAILS: "1" });
  await failed.answer("Where should Convex run?", ENTER);
  expect(String(await failed.ended)).toContain("did not select a deployment");
  const again = startSession();
  await again.answer("Where should Convex run?", CTRL_C);
  await again.ended;
});

test("a second run asks before it changes a key, and does not if the answer is no", async () => {
  const session = startSession({ hosting: "cloud" });
  await giveTokens(session);
  await session.ended;
  const [before, deployed] = [(await file(".env.local")) ?? "", await variables()];

  // This machine's key is lost, so the deployment holds another machine's.
  const without = before.replace(/^DISCORD_BRIDGE_KEY=.*\n/m, "");
  await writeFile(join(root, ".env.local"), without);
  const no = startSession();
  await no.answer("SLACK_BOT_TOKEN", ENTER);
  await no.answer("contains another machine's keys", `n${ENTER}`);
  expect(String(await no.ended)).toContain("Not changed");
  expect([await file(".env.local"), await variables()]).toEqual([without, deployed]);

  const yes = startSession();
  await yes.answer("SLACK_BOT_TOKEN", ENTER);
  await yes.answer("contains another machine's keys", `y${ENTER}`);
  expect(await yes.ended).toBe("done");
  expect(readKeySet((await variables()).DISCORD_BRIDGE_JWKS)).toHaveLength(2);
});
