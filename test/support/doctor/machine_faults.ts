import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "./fault_injector.ts";

/** Faults in the machine and its settings. */
export const MACHINE_FAULTS: readonly Fault[] = [
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
    name: "an admin key that was cut off",
    inject: (s) => s.run({ ADMIN_KEY: s.env.ADMIN_KEY?.slice(0, 80) ?? "" }),
    fault: /ADMIN_KEY is not a private/,
    step: /npm run setup/,
  },
  {
    name: "an invalid value in the shell",
    inject: (s) => s.withSources({ shell: { LOG_LEVEL: "loud" }, files: {} }),
    fault: /LOG_LEVEL is not one of .* \(it comes from the shell's environment\)/,
    step: /default, info/,
  },
  {
    name: "a value in the shell that hides the one in .env.local",
    inject: (s) => {
      const shell = { DISCORD_BOT_TOKEN: s.env.DISCORD_BOT_TOKEN };
      return s.withSources({ shell, files: { DISCORD_BOT_TOKEN: "MARKED-other" } });
    },
    fault: /DISCORD_BOT_TOKEN comes from the shell's environment, which overrides/,
    step: /unset DISCORD_BOT_TOKEN/,
    level: "warning",
  },
  {
    name: "a name with a typing error",
    inject: (s) => s.withSources({ shell: {}, files: { DISCORD_BOT_TOKEM: "MARKED" } }),
    fault: /DISCORD_BOT_TOKEM is no setting; DISCORD_BOT_TOKEN is/,
    step: /Rename it/,
    level: "warning",
  },
  {
    name: "a name that leaves out a word",
    inject: (s) => s.withSources({ shell: {}, files: { DISCORD_TOKEN: "MARKED" } }),
    fault: /DISCORD_TOKEN is no setting; DISCORD_BOT_TOKEN is/,
    step: /Rename it/,
    level: "warning",
  },
  {
    name: "a variable of the deployment in .env.local",
    inject: (s) => s.withSources({ shell: {}, files: { AI_REPLIES_PER_DAY: "9" } }),
    fault: /AI_REPLIES_PER_DAY has no effect here/,
    step: /convex env set AI_REPLIES_PER_DAY/,
    level: "warning",
  },
  {
    name: "the bot's name in .env.local",
    inject: (s) => s.withSources({ shell: {}, files: { AI_NAME: "Ada" } }),
    fault: /AI_NAME has no effect here/,
    step: /convex env set AI_NAME/,
    level: "warning",
  },
  {
    name: "a settings file that others can read",
    inject: async (s) => {
      const root = await mkdtemp(join(tmpdir(), "bridge-doctor-"));
      s.onStop(() => rm(root, { recursive: true }));
      await writeFile(join(root, ".env.local"), "", { mode: 0o644 });
      return await s.withSources({ shell: {}, files: {}, root });
    },
    fault: /other users of this machine can read \.env\.local/,
    step: /chmod 600 \.env\.local/,
    level: "warning",
  },
  {
    name: "no bridge at the health port",
    inject: (s) => s.run({ HEALTH_PORT: "9" }),
    fault: /no bridge answers at port 9/,
    step: /npm start/,
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
];
