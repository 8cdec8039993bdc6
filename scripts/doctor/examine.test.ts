import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { WebSocket } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { makeKeyPair } from "../playground/convex/keys.ts";
import { startDiscordStandIn } from "../playground/discord/stand_in.ts";
import { startSlackStandIn } from "../playground/slack/stand_in.ts";
import { startStack, type Stack } from "../playground/stack.ts";
import { examine } from "./examine.ts";
import { checkSlack } from "./platforms.ts";
import { exitCode, type Finding, line } from "./verdict.ts";

let stack: Stack;
let env: Record<string, string>;
const channels = { discord: "", slack: "" };
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  stack = await startStack();
  env = { ...stack.bridgeEnv(), ADMIN_KEY: stack.adminKey };
  channels.discord = stack.discord.addChannel("general");
  channels.slack = stack.slack.addChannel("general");
  const admin = await stack.adminClient();
  for (const platform of ["discord", "slack"] as const) {
    const externalId = channels[platform];
    await admin.mutation(api.admin.map, { platform, externalId, to: platform, replyIn: "thread" });
  }
}, 60_000);

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await stack.stop();
});

function run(
  changes: Record<string, string> = {},
  more: { nodeVersion?: string; ask?: true } = {},
) {
  const patient = { nodeVersion: "20.19.0", ask: false, onFinding: () => undefined, ...more };
  return examine({ ...patient, env: { ...env, ...changes } });
}

/** That the doctor names the fault and the step, in a line each, and that it counts as broken. */
function expectFault(findings: readonly Finding[], fault: RegExp, step: RegExp) {
  const found = findings.find(({ level, text }) => level === "error" && fault.test(text));
  const all = findings.map(line).join("\n");
  expect(found, all).toBeDefined();
  expect(found?.step).toMatch(step);
  expect(exitCode(findings)).toBe(1);
  expect(all).not.toMatch(/^\s+at .*:\d+/m);
}

/** The deployment behind something that changes its answers. */
async function behind(change: {
  date?: string;
  answers?: Record<string, unknown>;
}): Promise<string> {
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const path = request.url ?? "/";
      const asked = body.toString();
      const name = Object.keys(change.answers ?? {}).find((each) => asked.includes(`"${each}"`));
      if (change.date !== undefined) response.setHeader("date", change.date);
      if (name !== undefined) {
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({ status: "success", value: change.answers?.[name], logLines: [] }),
        );
        return;
      }
      const { authorization } = request.headers;
      const answer = await fetch(new URL(path, stack.convex.url), {
        method: request.method ?? "GET",
        headers: { "content-type": "application/json", ...(authorization && { authorization }) },
        ...(body.length > 0 && { body }),
      });
      response.writeHead(answer.status, { "content-type": "application/json" });
      response.end(await answer.text());
    })();
  });
  return listenOn(server);
}

/** The workspace behind something that tells of the bot that it belongs to another app. */
async function botsInfoOfAnotherApp(apiUrl: string): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const path = (request.url ?? "").replace(/^\/api\//, "");
      const { authorization = "", "content-type": type = "" } = request.headers;
      const answer = await fetch(`${apiUrl}${path}`, {
        method: "POST",
        headers: { authorization, "content-type": type },
        body,
      });
      const text = await answer.text();
      const scopes = answer.headers.get("x-oauth-scopes") ?? "";
      response.writeHead(answer.status, {
        "content-type": "application/json",
        "x-oauth-scopes": scopes,
      });
      response.end(
        path === "bots.info" ? text.replace(/"app_id":"\w+"/, '"app_id":"A0000000000"') : text,
      );
    })();
  });
  return listenOn(server, "/api/");
}

async function listenOn(server: Server, path = ""): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}${path}`;
}

test("with nothing wrong, nothing is a fault and the exit code is 0", async () => {
  const findings = await run({}, { ask: true });
  const faults = findings.filter(({ level }) => level === "error" || level === "warning");
  expect(faults.map(line)).toEqual([]);
  expect(exitCode(findings)).toBe(0);
});

describe("the machine and its settings", () => {
  test("an old Node", async () => {
    expectFault(await run({}, { nodeVersion: "18.20.1" }), /Node 18/, /Install Node 20/);
  });

  test("nothing configured", async () => {
    const findings = await examine({
      env: {},
      nodeVersion: "20.19.0",
      ask: false,
      onFinding: () => undefined,
    });
    expectFault(findings, /no platform/, /npm run setup/);
  });

  test("half a platform", async () => {
    expectFault(
      await run({ SLACK_APP_TOKEN: "" }),
      /SLACK_APP_TOKEN is not set/,
      /App-Level Tokens/,
    );
  });

  test("a key that is none", async () => {
    expectFault(
      await run({ DISCORD_BRIDGE_KEY: "{}" }),
      /DISCORD_BRIDGE_KEY is not/,
      /DISCORD_BRIDGE_JWKS/,
    );
  });

  test("the two Slack tokens swapped", async () => {
    const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "" } = env;
    const findings = await run({
      SLACK_BOT_TOKEN: SLACK_APP_TOKEN,
      SLACK_APP_TOKEN: SLACK_BOT_TOKEN,
    });
    expectFault(findings, /SLACK_BOT_TOKEN does not start with xoxb-/, /OAuth & Permissions/);
  });
});

describe("Convex", () => {
  test("a deployment that is not there", async () => {
    expectFault(await run({ CONVEX_URL: "http://127.0.0.1:9" }), /nothing answers/, /CONVEX_URL/);
  });

  test("a clock that is ten minutes off", async () => {
    const CONVEX_URL = await behind({ date: new Date(Date.now() - 600_000).toUTCString() });
    expectFault(await run({ CONVEX_URL }), /clock is \d+ s ahead/, /synchronisation/);
  });

  test("an admin key the deployment doesn't hold", async () => {
    const { privateKeyEnv } = await makeKeyPair("admin");
    expectFault(
      await run({ ADMIN_KEY: privateKeyEnv }),
      /does not accept ADMIN_KEY/,
      /npm run setup/,
    );
  });

  test("a bridge key the deployment doesn't hold", async () => {
    const { privateKeyEnv } = await makeKeyPair("slack");
    expectFault(
      await run({ SLACK_BRIDGE_KEY: privateKeyEnv }),
      /SLACK_BRIDGE_JWKS holds another/,
      /npm run setup/,
    );
  });

  test("the other platform's key", async () => {
    const { SLACK_BRIDGE_KEY = "" } = env;
    expectFault(
      await run({ DISCORD_BRIDGE_KEY: SLACK_BRIDGE_KEY }),
      /does not accept DISCORD_BRIDGE_KEY/,
      /setup/,
    );
  });

  test("functions of an older version", async () => {
    const about = { version: 1, hasOpenAiKey: true, model: "gpt-4o" };
    const CONVEX_URL = await behind({ answers: { "doctor:about": about } });
    expectFault(await run({ CONVEX_URL }), /version 1, and this bridge needs/, /Push/);
  });

  test("no AI key", async () => {
    const about = { version: 2, hasOpenAiKey: false, model: "gpt-4o" };
    const CONVEX_URL = await behind({ answers: { "doctor:about": about } });
    expectFault(
      await run({ CONVEX_URL }),
      /OPENAI_API_KEY is not set/,
      /convex env set OPENAI_API_KEY/,
    );
  });

  test("an AI key or model that is refused, found only when asked to try", async () => {
    const answers = { "doctor:askModel": { ok: false, reason: "the AI service refused the key" } };
    const CONVEX_URL = await behind({ answers });
    expectFault(await run({ CONVEX_URL }, { ask: true }), /refused the key/, /OPENAI_MODEL/);
    expect(exitCode(await run({ CONVEX_URL }))).toBe(0);
  });
});

describe("Discord", () => {
  test("a token Discord refuses", async () => {
    const findings = await run({ DISCORD_BOT_TOKEN: "wrong.token.here" });
    expectFault(findings, /does not accept DISCORD_BOT_TOKEN/, /Reset Token/);
    expect(JSON.stringify(findings)).not.toContain("wrong.token.here");
  });

  test("the Message Content intent off", async () => {
    const discord = await startDiscordStandIn({ messageContentIntent: false });
    stops.push(() => discord.stop());
    expectFault(await run(discord.env), /may not read what messages say/, /Message Content Intent/);
  });

  test("a bot that nobody invited", async () => {
    const discord = await startDiscordStandIn({ isInvited: false });
    stops.push(() => discord.stop());
    expectFault(
      await run(discord.env),
      /in no server/,
      /oauth2\/authorize\?client_id=\d+&scope=bot&permissions=\d+/,
    );
  });

  test("a mapped channel of another server", async () => {
    const discord = await startDiscordStandIn();
    stops.push(() => discord.stop());
    expectFault(await run(discord.env), /no such channel/, /invite/);
  });

  test.each([
    [{ view: true }, /can't see the channel|lacks View Channel/, /View Channel/],
    [{ send: true }, /lacks Send Messages$/, /allow Send Messages/],
    [{ history: true }, /lacks Read Message History/, /allow Read Message History/],
    [{ threads: true }, /lacks Create Public Threads/, /allow Create Public Threads/],
  ] as const)("a mapped channel where the bot is denied %j", async (denied, fault, step) => {
    stack.discord.deny(channels.discord, denied);
    try {
      expectFault(await run(), fault, step);
    } finally {
      stack.discord.deny(channels.discord, {});
    }
  });
});

describe("Slack", () => {
  test("a bot token Slack refuses", async () => {
    expectFault(
      await run({ SLACK_BOT_TOKEN: "xoxb-wrong" }),
      /SLACK_BOT_TOKEN \(invalid_auth\)/,
      /Bot User OAuth/,
    );
  });

  test("an app token Slack refuses, or Socket Mode off", async () => {
    expectFault(
      await run({ SLACK_APP_TOKEN: "xapp-wrong" }),
      /SLACK_APP_TOKEN/,
      /connections:write.*Socket Mode/,
    );
  });

  test("scopes that are missing", async () => {
    const slack = await startSlackStandIn({ scopes: ["chat:write", "users:read"] });
    stops.push(() => slack.stop());
    expectFault(
      await run(slack.env),
      /lacks channels:history, channels:read/,
      /Bot Token Scopes: add channels:history/,
    );
  });

  test("tokens of two apps", async () => {
    const slack = await startSlackStandIn();
    stops.push(() => slack.stop());
    const answer = await botsInfoOfAnotherApp(slack.env.SLACK_API_URL ?? "");
    expectFault(await run({ ...slack.env, SLACK_API_URL: answer }), /different apps/, /same app/);
  });

  test("a mapped channel the bot was not invited to", async () => {
    stack.slack.setBotMember(channels.slack, false);
    try {
      expectFault(await run(), /not in the channel/, /\/invite @/);
    } finally {
      stack.slack.setBotMember(channels.slack, true);
    }
  });

  test("a mapped channel that is archived", async () => {
    stack.slack.setArchived(channels.slack, true);
    try {
      expectFault(await run(), /archived/, /Unarchive/);
    } finally {
      stack.slack.setArchived(channels.slack, false);
    }
  });

  test("events that are not subscribed to, and other programs on the same app token", async () => {
    // A workspace whose clock is a minute behind: what is said there was said a minute ago.
    const slack = await startSlackStandIn({ subscriptions: [], now: () => Date.now() - 60_000 });
    stops.push(() => slack.stop());
    const channel = slack.addChannel("silent");
    slack.say({ channel, person: slack.addPerson("Ann"), text: "hello?" });
    const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "", SLACK_API_URL = "" } = slack.env;
    const sockets: WebSocket[] = [];
    for (let n = 0; n < 3; n += 1) {
      const opened = await fetch(`${SLACK_API_URL}apps.connections.open`, {
        method: "POST",
        headers: { authorization: `Bearer ${SLACK_APP_TOKEN}` },
      });
      const { url } = (await opened.json()) as { url: string }; // The stand-in's own answer.
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
      sockets.push(socket);
    }
    const admin = await stack.adminClient();
    const [row] = await admin.query(api.admin.list, {});
    if (row === undefined) throw new Error("nothing is mapped");
    const mapping = { ...row, platform: "slack", externalId: channel, since: "0" } as const;
    const config = { botToken: SLACK_BOT_TOKEN, appToken: SLACK_APP_TOKEN, apiUrl: SLACK_API_URL };
    const findings = await checkSlack(config, [mapping], {
      query: (f, args) => admin.query<typeof f>(f, args),
      mutate: (f, args) => admin.mutation<typeof f>(f, args),
      act: (f, args) => admin.action<typeof f>(f, args),
    });
    for (const socket of sockets) socket.close();
    expectFault(findings, /does not arrive/, /Event Subscriptions.*message\.channels/);
    expect(findings.find(({ level }) => level === "warning")?.text).toMatch(/3 sockets are open/);
  });
});
