import { anotherKey, type Fault, firstMapping } from "./fault_injector.ts";

const AI = { hasOpenAiKey: true, model: "gpt-4o" };

/** Faults in the deployment. */
export const DEPLOYMENT_FAULTS: readonly Fault[] = [
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
    name: "a self-hosted backend that is too old",
    inject: async (s) =>
      s.run({ CONVEX_URL: await s.proxyConvex({ version: "precompiled-2026-05-12-ab12cd3" }) }),
    fault: /is from 12 May 2026, and this version needs one from 22 July 2026 or later/,
    step: /Update your Convex backend/,
  },
  {
    name: "a chat API that nobody has decided about",
    inject: (s) => s.variable("PUBLIC_CHAT", undefined),
    fault: /PUBLIC_CHAT is not set, so anybody/,
    step: /env set PUBLIC_CHAT closed/,
    level: "warning",
  },
  {
    name: "a chat API that is open by a typing error",
    inject: (s) => s.variable("PUBLIC_CHAT", "opne"),
    fault: /PUBLIC_CHAT is neither open nor closed, so it is closed/,
    step: /env set PUBLIC_CHAT closed/,
  },
  {
    name: "a limit that is no number",
    inject: (s) => s.variable("AI_REPLIES_PER_DAY", "abc"),
    fault: /AI_REPLIES_PER_DAY is not a whole number, so it counts as 0/,
    step: /env set AI_REPLIES_PER_DAY <number>/,
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
    name: "no bridge that has ever run",
    inject: (s) =>
      s.statusWith((status) => ({
        ...status,
        mappings: status.mappings.map(({ lastCatchUp: _, ...row }) => row),
      })),
    fault: /no bridge has run since the channels were mapped/,
    step: /npm start/,
    level: "warning",
  },
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
