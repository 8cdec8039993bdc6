import { anotherKey, type Fault, firstMapping } from "./fault_injector.ts";

const AI = { hasOpenAiKey: true, model: "gpt-4o" };

/** Faults in the machine, its settings and the deployment. */
export const LOCAL_FAULTS: readonly Fault[] = [
  // The machine and its settings.
  {
    name: "an old Node",
    inject: (s) => s.run({}, { nodeVersion: "18.20.1" }),
    fault: /this is Node 18/,
    step: /Install Node 20/,
  },
  {
    name: "nothing configured",
    inject: async (s) => {
      const nothing = Object.fromEntries(Object.keys(s.env).map((name) => [name, ""]));
      return await s.run(nothing);
    },
    fault: /no platform is configured/,
    step: /npm run setup/,
  },
  {
    name: "half a platform",
    inject: (s) => s.run({ SLACK_APP_TOKEN: "" }),
    fault: /SLACK_APP_TOKEN is not set/,
    step: /App-Level Tokens/,
  },
  {
    name: "no deployment URL",
    inject: (s) => s.run({ CONVEX_URL: "" }),
    fault: /CONVEX_URL is not set/,
    step: /Convex dashboard/,
  },
  {
    name: "a deployment's name instead of its URL",
    inject: (s) => s.run({ CONVEX_URL: "brave-otter-1" }),
    fault: /CONVEX_URL is not an http or https address/,
    step: /Convex dashboard/,
  },
  {
    name: "the address of HTTP actions",
    inject: (s) => s.run({ CONVEX_URL: "https://brave-otter-1.convex.site" }),
    fault: /CONVEX_URL is the address of the deployment's HTTP actions/,
    step: /deployment's URL/,
  },
  {
    name: "a token with a line break in it",
    inject: (s) => s.run({ DISCORD_BOT_TOKEN: "two\nlines" }),
    fault: /DISCORD_BOT_TOKEN has spaces or line breaks/,
    step: /Reset Token/,
  },
  {
    name: "a missing key",
    inject: (s) => s.run({ DISCORD_BRIDGE_KEY: "" }),
    fault: /DISCORD_BRIDGE_KEY is not set/,
    step: /npm run setup creates it/,
  },
  {
    name: "an invalid key",
    inject: (s) => s.run({ SLACK_BRIDGE_KEY: "{}" }),
    fault: /SLACK_BRIDGE_KEY is not a private/,
    step: /SLACK_BRIDGE_JWKS/,
  },
  {
    name: "no admin key",
    inject: (s) => s.run({ ADMIN_KEY: "" }),
    fault: /ADMIN_KEY is not set/,
    step: /npm run setup/,
    level: "warning",
  },
  {
    name: "swapped Slack tokens",
    inject: (s) => {
      const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "" } = s.env;
      return s.run({ SLACK_BOT_TOKEN: SLACK_APP_TOKEN, SLACK_APP_TOKEN: SLACK_BOT_TOKEN });
    },
    fault: /SLACK_BOT_TOKEN does not start with xoxb-/,
    step: /OAuth & Permissions/,
  },
  {
    name: "an invalid port",
    inject: (s) => s.run({ HEALTH_PORT: "health" }),
    fault: /HEALTH_PORT is not a port number/,
    step: /free port/,
  },

  // Convex.
  {
    name: "an unreachable deployment",
    inject: (s) => s.run({ CONVEX_URL: "http://127.0.0.1:9" }),
    fault: /nothing responds at 127\.0\.0\.1:9/,
    step: /CONVEX_URL.*npx convex dev/,
  },
  {
    name: "another server at the deployment's URL",
    inject: (s) => s.run({ CONVEX_URL: s.stack.openai.baseUrl.replace(/\/v1$/, "") }),
    fault: /is not a Convex deployment/,
    step: /CONVEX_URL/,
  },
  {
    name: "a clock that is ten minutes ahead",
    inject: async (s) => {
      const date = new Date(Date.now() - 600_000).toUTCString();
      return await s.run({ CONVEX_URL: await s.proxyConvex({ date }) });
    },
    fault: /clock is \d+ s ahead/,
    step: /synchronisation/,
  },
  {
    name: "a clock that is ten minutes behind",
    inject: async (s) => {
      const date = new Date(Date.now() + 600_000).toUTCString();
      return await s.run({ CONVEX_URL: await s.proxyConvex({ date }) });
    },
    fault: /clock is \d+ s behind/,
    step: /synchronisation/,
  },
  {
    name: "an admin key that the deployment doesn't have",
    inject: async (s) => s.run({ ADMIN_KEY: await anotherKey("admin") }),
    fault: /does not accept ADMIN_KEY: its ADMIN_JWKS does not contain this key/,
    step: /npm run setup/,
  },
  {
    name: "a bridge key that the deployment doesn't have",
    inject: async (s) => s.run({ SLACK_BRIDGE_KEY: await anotherKey("slack") }),
    fault: /SLACK_BRIDGE_JWKS does not contain this key/,
    step: /npm run setup/,
  },
  {
    name: "the other platform's key",
    inject: (s) => s.run({ DISCORD_BRIDGE_KEY: s.env.SLACK_BRIDGE_KEY ?? "" }),
    fault: /does not accept DISCORD_BRIDGE_KEY/,
    step: /npm run setup/,
  },
  {
    name: "functions of an older version",
    inject: (s) => s.deployment({ "doctor:about": { version: 1, ...AI } }),
    fault: /version 1, but this bridge needs/,
    step: /Push this version/,
  },
  {
    name: "functions of a newer version",
    inject: (s) => s.deployment({ "doctor:about": { version: 99, ...AI } }),
    fault: /version 99, newer than this bridge's/,
    step: /Update this checkout/,
    level: "warning",
  },
  {
    name: "no AI key",
    inject: (s) => s.deployment({ "doctor:about": { version: 2, ...AI, hasOpenAiKey: false } }),
    fault: /OPENAI_API_KEY is not set/,
    step: /convex env set OPENAI_API_KEY/,
  },
  {
    name: "an invalid URL of the AI service",
    inject: (s) => s.deployment({ "doctor:about": { version: 2, ...AI, hasBadBaseUrl: true } }),
    fault: /the deployment's OPENAI_BASE_URL is not an http/,
    step: /--openai-base-url/,
  },
  {
    name: "a refused AI key or model",
    inject: (s) => {
      const refused = { ok: false, reason: "the AI service refused the key" };
      return s.deployment({ "doctor:askModel": refused }, { ask: true });
    },
    fault: /refused the key/,
    step: /OPENAI_MODEL/,
  },

  // What is stuck.
  {
    name: "no channel mapped",
    inject: (s) => s.statusWith((status) => ({ ...status, mappings: [] })),
    fault: /no channel is mapped/,
    step: /channels -- find/,
    level: "warning",
  },
  {
    name: "replies that no bridge posts",
    inject: (s) => s.statusWith(firstMapping({ open: 3, openSince: Date.now() - 20 * 60_000 })),
    fault: /3 replies have waited 20 minutes to be posted/,
    step: /npm start/,
    level: "warning",
  },
  {
    name: "a channel where the last post failed",
    inject: (s) => {
      const reason = "the bot may not post";
      const trouble = { direction: "out", code: "50013", reason, step: "allow it", at: 1 } as const;
      return s.statusWith(firstMapping({ health: [trouble] }));
    },
    fault: /posting failed last time: the bot may not post \(50013\)/,
    step: /allow it/,
  },
  {
    name: "a token that was refused but is accepted now",
    inject: (s) => {
      const trouble = { direction: "in", code: "401", reason: "refused", at: 1 } as const;
      return s.statusWith((status) => ({
        ...status,
        mappings: status.mappings.map((row) =>
          row.platform === "discord" ? { ...row, health: [trouble] } : row,
        ),
      }));
    },
    fault: /token was refused last time \(401\) but is accepted now/,
    step: /npm start.*clears this/,
    level: "warning",
  },
  {
    name: "a gap that was not backfilled completely",
    inject: (s) =>
      s.statusWith(firstMapping({ lastCatchUp: { at: 1, recovered: 0, missed: "5 threads" } })),
    fault: /was not backfilled completely: 5 threads/,
    step: /Look in the channel/,
    level: "warning",
  },
  {
    name: "answers that fail",
    inject: (s) => {
      const reason = "the AI service refused the key";
      const aiHealth = { since: 1, reason, failures: 3, at: 2 };
      return s.statusWith((status) => ({ ...status, aiHealth }));
    },
    fault: /Answers have failed since 1970-01-01 00:00: the AI service refused the key \(3 failed/,
    step: /doctor -- --ask/,
    level: "warning",
  },
  {
    name: "events that were set aside",
    inject: (s) => {
      const odd = {
        platform: "slack",
        kind: "message_unreadable",
        reason: "odd",
        count: 1,
        at: 1,
      } as const;
      return s.statusWith((status) => ({ ...status, problems: [odd, odd] }));
    },
    fault: /2 set aside: message_unreadable/,
    step: /channels -- status/,
    level: "warning",
  },
];
