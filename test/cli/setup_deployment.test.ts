import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mergeEnvFile } from "../../scripts/cli/setup/env_file.ts";
import { unattendedPrompts } from "../../scripts/cli/setup/prompts.ts";
import { rotate } from "../../scripts/cli/setup/rotate.ts";
import {
  ADMIN_KEY,
  type ConvexEndpoints,
  startConvexEndpoints,
} from "../support/convex_endpoints.ts";
import {
  calls,
  CTRL_C,
  DOWN,
  ENTER,
  expectSetUp,
  file,
  giveTokens,
  root,
  settings,
  startSession,
  toolsOf,
  useSetupFolder,
  variables,
} from "../support/setup_session.ts";

/* Which deployment setup chooses, with a stand-in for the Convex CLI. */

let selfHosted: ConvexEndpoints;

beforeAll(async () => {
  selfHosted = await startConvexEndpoints();
});

afterAll(async () => {
  await selfHosted.stop();
});

useSetupFolder();

test("Convex Cloud: the CLI selects the deployment, and the bridge gets its URL", async () => {
  const session = startSession();
  await session.answer("Where should Convex run?", ENTER);
  // The CLI's own menu begins with the other choice.
  await session.answer('choose "Login or create an account"', "");
  await giveTokens(session);
  await expectSetUp(session, "https://brave-otter-1.convex.cloud");
  const [configured, ...rest] = await calls();
  expect(configured).toEqual({ args: ["dev", "--once", "--skip-push"] });
  expect(rest.map(({ args }) => args.slice(0, 2))).toEqual([
    ["function-spec"],
    ["env", "list"],
    ["env", "set"],
    ["env", "set"],
    ["env", "set"],
    ["dev", "--once"],
  ]);
  // No value was on a command line.
  expect(JSON.stringify(rest)).not.toMatch(/MARKED|"d"|base64/);
});

test("on this machine: needs no account, and the next steps say how to keep Convex running", async () => {
  const session = startSession();
  await session.answer("Where should Convex run?", `${DOWN}${ENTER}`);
  await giveTokens(session);
  await expectSetUp(session, "http://127.0.0.1:3210");
  expect((await calls())[0]).toMatchObject({ mode: "anonymous" });
  expect(session.output()).toMatch(/npx convex dev .*separate terminal/);
});

test("self-hosted: address and admin key are tried, asked for again, and each is saved at once", async () => {
  const session = startSession();
  await session.answer("Where should Convex run?", `${DOWN}${DOWN}${ENTER}`);
  await session.answer("URL of your Convex backend", `convex.example${ENTER}`);
  // Ctrl-U clears what was typed.
  const clear = "\u0015";
  await session.answer("not the address of a Convex backend", `${clear}http://127.0.0.1:9${ENTER}`);
  await session.answer("nothing responds at 127.0.0.1:9", `${selfHosted.url}/${ENTER}`);
  await session.answer("admin key", `MARKED-wrong${ENTER}`);
  await session.answer("refuses CONVEX_SELF_HOSTED_ADMIN_KEY", CTRL_C);
  expect(String(await session.ended)).toContain("stopped");
  expect(await settings()).toMatchObject({
    CONVEX_SELF_HOSTED_URL: selfHosted.url,
    CONVEX_URL: selfHosted.url,
  });
  expect(await file(".env.local")).not.toContain("ADMIN_KEY");

  const again = startSession();
  await again.answer("admin key", `${ADMIN_KEY}${ENTER}`);
  await giveTokens(again);
  await expectSetUp(again, selfHosted.url);
  expect((await settings()).CONVEX_SELF_HOSTED_ADMIN_KEY).toBe(ADMIN_KEY);
});

test("production: the bridge gets the URL of the production deployment, not the one the CLI saved", async () => {
  const session = startSession({ hosting: "cloud", prod: true });
  await giveTokens(session);
  await expectSetUp(session, "https://calm-heron-2.convex.cloud");
  const pushed = (await calls()).at(-1);
  expect(pushed?.args.slice(0, 2)).toEqual(["deploy", "--yes"]);
});

test("without --prod nothing is changed if CONVEX_URL is the production deployment", async () => {
  const prod = startSession({ hosting: "cloud", prod: true });
  await giveTokens(prod);
  await prod.ended;
  const before = [await file(".env.local"), await variables()];
  const since = (await calls()).length;

  const tools = toolsOf({ print: () => undefined, prompts: unattendedPrompts(true), prod: false });
  const rotated = rotate(tools, "discord", { finish: false, prod: false }).catch(
    (error: unknown) => error,
  );
  for (const error of [await startSession().ended, await rotated]) {
    expect(String(error)).toMatch(/CONVEX_URL is .*calm-heron.* change .*brave-otter.*add --prod/);
  }
  expect([await file(".env.local"), await variables()]).toEqual(before);
  expect(new Set((await calls()).slice(since).map(({ args }) => args[0]))).toEqual(
    new Set(["function-spec"]),
  );
  const again = startSession({ prod: true });
  await again.answer("SLACK_BOT_TOKEN", ENTER);
  expect(await again.ended).toBe("done");
});

test("a local deployment need not run, and is not confused with one elsewhere", async () => {
  const local = startSession({ hosting: "local" });
  await giveTokens(local);
  await local.ended;
  const since = (await calls()).length;
  const again = startSession({ push: false });
  await again.answer("SLACK_BOT_TOKEN", ENTER);
  expect(await again.ended).toBe("done");
  expect((await calls()).slice(since).map(({ args }) => args[0])).toEqual(["env"]);
  await mergeEnvFile(join(root, ".env.local"), { CONVEX_URL: "https://calm-heron-2.convex.cloud" });
  expect(String(await startSession().ended)).toMatch(
    /CONVEX_URL is .*calm-heron.* on this machine/,
  );
});
