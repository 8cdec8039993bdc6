import { anotherKey, type Fault, firstMapping } from "./fault_injector.ts";

const AI = { hasOpenAiKey: true, model: "gpt-4o" };

/** Faults of the machine, its settings and the deployment. */
export const LOCAL_FAULTS: readonly Fault[] = [
  // The machine and its settings.
  {
    name: "an old Node",
    make: (s) => s.run({}, { nodeVersion: "18.20.1" }),
    fault: /this is Node 18/,
    step: /Install Node 20/,
  },
  {
    name: "nothing configured",
    make: async (s) => {
      const nothing = Object.fromEntries(Object.keys(s.env).map((name) => [name, ""]));
      return await s.run(nothing);
    },
    fault: /no platform is configured/,
    step: /npm run setup/,
  },
  {
    name: "half a platform",
    make: (s) => s.run({ SLACK_APP_TOKEN: "" }),
    fault: /SLACK_APP_TOKEN is not set/,
    step: /App-Level Tokens/,
  },
  {
    name: "no address of a deployment",
    make: (s) => s.run({ CONVEX_URL: "" }),
    fault: /CONVEX_URL is not set/,
    step: /Convex dashboard/,
  },
  {
    name: "a deployment's name instead of its address",
    make: (s) => s.run({ CONVEX_URL: "brave-otter-1" }),
    fault: /CONVEX_URL is not an http or https address/,
    step: /Convex dashboard/,
  },
  {
    name: "a token with a line break in it",
    make: (s) => s.run({ DISCORD_BOT_TOKEN: "two\nlines" }),
    fault: /DISCORD_BOT_TOKEN has spaces or line breaks/,
    step: /Reset Token/,
  },
  {
    name: "a key that was never made",
    make: (s) => s.run({ DISCORD_BRIDGE_KEY: "" }),
    fault: /DISCORD_BRIDGE_KEY is not set/,
    step: /npm run setup makes it/,
  },
  {
    name: "a key that is none",
    make: (s) => s.run({ SLACK_BRIDGE_KEY: "{}" }),
    fault: /SLACK_BRIDGE_KEY is not a private/,
    step: /SLACK_BRIDGE_JWKS/,
  },
  {
    name: "no admin key",
    make: (s) => s.run({ ADMIN_KEY: "" }),
    fault: /ADMIN_KEY is not set/,
    step: /npm run setup/,
    level: "warning",
  },
  {
    name: "the two Slack tokens swapped",
    make: (s) => {
      const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "" } = s.env;
      return s.run({ SLACK_BOT_TOKEN: SLACK_APP_TOKEN, SLACK_APP_TOKEN: SLACK_BOT_TOKEN });
    },
    fault: /SLACK_BOT_TOKEN does not start with xoxb-/,
    step: /OAuth & Permissions/,
  },
  {
    name: "a port that is none",
    make: (s) => s.run({ HEALTH_PORT: "health" }),
    fault: /HEALTH_PORT is not a port number/,
    step: /free port/,
  },

  // Convex.
  {
    name: "a deployment that is not there",
    make: (s) => s.run({ CONVEX_URL: "http://127.0.0.1:9" }),
    fault: /nothing answers at 127\.0\.0\.1:9/,
    step: /CONVEX_URL.*npx convex dev/,
  },
  {
    name: "something else at the deployment's address",
    make: (s) => s.run({ CONVEX_URL: s.stack.openai.baseUrl.replace(/\/v1$/, "") }),
    fault: /is no Convex deployment/,
    step: /CONVEX_URL/,
  },
  {
    name: "a clock that is ten minutes ahead",
    make: async (s) => {
      const date = new Date(Date.now() - 600_000).toUTCString();
      return await s.run({ CONVEX_URL: await s.behind({ date }) });
    },
    fault: /clock is \d+ s ahead/,
    step: /synchronisation/,
  },
  {
    name: "a clock that is ten minutes behind",
    make: async (s) => {
      const date = new Date(Date.now() + 600_000).toUTCString();
      return await s.run({ CONVEX_URL: await s.behind({ date }) });
    },
    fault: /clock is \d+ s behind/,
    step: /synchronisation/,
  },
  {
    name: "an admin key the deployment doesn't hold",
    make: async (s) => s.run({ ADMIN_KEY: await anotherKey("admin") }),
    fault: /does not accept ADMIN_KEY: its ADMIN_JWKS holds another/,
    step: /npm run setup/,
  },
  {
    name: "a bridge key the deployment doesn't hold",
    make: async (s) => s.run({ SLACK_BRIDGE_KEY: await anotherKey("slack") }),
    fault: /SLACK_BRIDGE_JWKS holds another/,
    step: /npm run setup/,
  },
  {
    name: "the other platform's key",
    make: (s) => s.run({ DISCORD_BRIDGE_KEY: s.env.SLACK_BRIDGE_KEY ?? "" }),
    fault: /does not accept DISCORD_BRIDGE_KEY/,
    step: /npm run setup/,
  },
  {
    name: "functions of an older version",
    make: (s) => s.deployment({ "doctor:about": { version: 1, ...AI } }),
    fault: /version 1, and this bridge needs/,
    step: /Push this version/,
  },
  {
    name: "functions of a newer version",
    make: (s) => s.deployment({ "doctor:about": { version: 99, ...AI } }),
    fault: /version 99, newer than this bridge's/,
    step: /Update this checkout/,
    level: "warning",
  },
  {
    name: "no AI key",
    make: (s) => s.deployment({ "doctor:about": { version: 2, ...AI, hasOpenAiKey: false } }),
    fault: /OPENAI_API_KEY is not set/,
    step: /convex env set OPENAI_API_KEY/,
  },
  {
    name: "an address of the AI service that is none",
    make: (s) => s.deployment({ "doctor:about": { version: 2, ...AI, hasBadBaseUrl: true } }),
    fault: /OPENAI_BASE_URL of the deployment is not an http/,
    step: /--openai-base-url/,
  },
  {
    name: "an AI key or model that is refused",
    make: (s) => {
      const refused = { ok: false, reason: "the AI service refused the key" };
      return s.deployment({ "doctor:askModel": refused }, { ask: true });
    },
    fault: /refused the key/,
    step: /OPENAI_MODEL/,
  },

  // What is stuck.
  {
    name: "no channel mapped",
    make: (s) => s.statusWith((status) => ({ ...status, mappings: [] })),
    fault: /no channel is mapped/,
    step: /channels -- find/,
    level: "warning",
  },
  {
    name: "replies that nobody posts",
    make: (s) => s.statusWith(firstMapping({ open: 3, openSince: Date.now() - 20 * 60_000 })),
    fault: /3 replies wait to be posted, for 20 minutes/,
    step: /npm start/,
    level: "warning",
  },
  {
    name: "a channel where posting failed last time",
    make: (s) => {
      const reason = "the bot may not post";
      const trouble = { direction: "out", code: "50013", reason, step: "allow it", at: 1 } as const;
      return s.statusWith(firstMapping({ health: [trouble] }));
    },
    fault: /posting failed last time: the bot may not post \(50013\)/,
    step: /allow it/,
  },
  {
    name: "a mark of a token that is good again",
    make: (s) => {
      const trouble = { direction: "in", code: "401", reason: "refused", at: 1 } as const;
      return s.statusWith((status) => ({
        ...status,
        mappings: status.mappings.map((row) =>
          row.platform === "discord" ? { ...row, health: [trouble] } : row,
        ),
      }));
    },
    fault: /token was refused last time \(401\); it is good now/,
    step: /npm start.*mark goes away/,
    level: "warning",
  },
  {
    name: "a gap that could not be looked through",
    make: (s) =>
      s.statusWith(firstMapping({ lastCatchUp: { at: 1, recovered: 0, missed: "5 threads" } })),
    fault: /could not be looked through whole: 5 threads/,
    step: /Look there yourself/,
    level: "warning",
  },
  {
    name: "things set aside",
    make: (s) => {
      const odd = {
        platform: "slack",
        kind: "unreadable",
        reason: "odd",
        count: 1,
        at: 1,
      } as const;
      return s.statusWith((status) => ({ ...status, problems: [odd, odd] }));
    },
    fault: /2 set aside: unreadable/,
    step: /channels -- status/,
    level: "warning",
  },
];
