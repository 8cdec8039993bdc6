import type { Fault } from "./spoiler.ts";

/** Faults of the Discord application and the Slack app. */
export const FAULTS_THERE: readonly Fault[] = [
  // Discord.
  {
    name: "a token Discord refuses",
    make: (s) => s.run({ DISCORD_BOT_TOKEN: "MARKED.token.here" }),
    fault: /does not accept DISCORD_BOT_TOKEN/,
    step: /Reset Token/,
  },
  {
    name: "Discord out of reach",
    make: (s) => s.run({ DISCORD_API_URL: "http://127.0.0.1:9/api" }),
    fault: /Discord can't be reached/,
    step: /connection/,
  },
  {
    name: "the Message Content intent off",
    make: async (s) => s.run(await s.anotherDiscord({ messageContentIntent: false })),
    fault: /may not read what messages say/,
    step: /Message Content Intent: on/,
  },
  {
    name: "a bot that nobody invited",
    make: async (s) => s.run(await s.anotherDiscord({ isInvited: false })),
    fault: /in no server/,
    step: /oauth2\/authorize\?client_id=\d+&scope=bot&permissions=\d+/,
  },
  {
    name: "a mapped channel of another server",
    make: async (s) => s.run(await s.anotherDiscord()),
    fault: /no such channel/,
    step: /invite/,
  },
  {
    name: "a mapped Discord channel the bot may not see",
    make: (s) => s.denied({ view: true }),
    fault: /can't see the channel|lacks View Channel/,
    step: /View Channel/,
  },
  {
    name: "a mapped Discord channel the bot may not post in",
    make: (s) => s.denied({ send: true }),
    fault: /lacks Send Messages$/,
    step: /allow Send Messages/,
  },
  {
    name: "a mapped Discord channel whose history the bot may not read",
    make: (s) => s.denied({ history: true }),
    fault: /lacks Read Message History/,
    step: /allow Read Message History/,
  },
  {
    name: "a mapped Discord channel where replies go into threads the bot may not open",
    make: (s) => s.denied({ threads: true }),
    fault: /lacks Create Public Threads/,
    step: /allow Create Public Threads/,
  },
  {
    name: "a bot in more servers than one connection is recommended for",
    make: (s) => s.gatewayWith({ shards: 4 }),
    fault: /recommends 4 shards/,
    step: /bot of its own/,
    level: "warning",
  },
  {
    name: "a bridge that was started again and again",
    make: (s) =>
      s.gatewayWith({
        session_start_limit: { total: 1_000, remaining: 3, reset_after: 1_000, max_concurrency: 1 },
      }),
    fault: /only 3 connections are left today/,
    step: /restarts the bridge/,
    level: "warning",
  },

  // Slack.
  {
    name: "a bot token Slack refuses",
    make: (s) => s.run({ SLACK_BOT_TOKEN: "xoxb-MARKED" }),
    fault: /SLACK_BOT_TOKEN \(invalid_auth\)/,
    step: /Bot User OAuth/,
  },
  {
    name: "an app token Slack refuses, or Socket Mode off",
    make: (s) => s.run({ SLACK_APP_TOKEN: "xapp-MARKED" }),
    fault: /does not accept SLACK_APP_TOKEN/,
    step: /connections:write.*Socket Mode/,
  },
  {
    name: "Slack out of reach",
    make: (s) => s.run({ SLACK_API_URL: "http://127.0.0.1:9/api/" }),
    fault: /Slack can't be reached/,
    step: /connection/,
  },
  {
    name: "scopes that are missing",
    make: async (s) => s.run(await s.anotherSlack({ scopes: ["chat:write", "users:read"] })),
    fault: /lacks channels:history, channels:read/,
    step: /Bot Token Scopes: add channels:history/,
  },
  {
    name: "tokens of two apps",
    make: async (s) => {
      const env = await s.anotherSlack();
      const SLACK_API_URL = await s.rewritten(env.SLACK_API_URL ?? "", (path, answer) =>
        path.endsWith("/bots.info")
          ? { ...answer, text: answer.text.replace(/"app_id":"\w+"/, '"app_id":"A0000000000"') }
          : answer,
      );
      return await s.run({ ...env, SLACK_API_URL });
    },
    fault: /different apps/,
    step: /same app/,
  },
  {
    name: "a mapped Slack channel the bot was not invited to",
    make: (s) => {
      const { slack } = s.stack;
      slack.setBotMember(s.channels.slack, false);
      return s.run().finally(() => slack.setBotMember(s.channels.slack, true));
    },
    fault: /not in the channel/,
    step: /\/invite @/,
  },
  {
    name: "a mapped Slack channel of another workspace",
    make: async (s) => s.run(await s.anotherSlack()),
    fault: /does not exist, or it is private/,
    step: /Check the id/,
  },
  {
    name: "a mapped Slack channel that is archived",
    make: (s) => {
      const { slack } = s.stack;
      slack.setArchived(s.channels.slack, true);
      return s.run().finally(() => slack.setArchived(s.channels.slack, false));
    },
    fault: /archived/,
    step: /Unarchive/,
  },
];
