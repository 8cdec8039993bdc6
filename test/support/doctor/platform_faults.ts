import { BOT_SCOPES, RELAY_SCOPE } from "../../../scripts/cli/channels/views/slack_view.ts";
import type { Fault } from "./fault_injector.ts";

/** Faults in the Discord application and the Slack app. */
export const PLATFORM_FAULTS: readonly Fault[] = [
  // Discord.
  {
    name: "a token that Discord refuses",
    inject: (s) => s.run({ DISCORD_BOT_TOKEN: "MARKED.token.here" }),
    fault: /does not accept DISCORD_BOT_TOKEN/,
    step: /Reset Token/,
  },
  {
    name: "Discord is unreachable",
    inject: (s) => s.run({ DISCORD_API_URL: "http://127.0.0.1:9/api" }),
    fault: /can't reach Discord/,
    step: /connection/,
  },
  {
    name: "the Message Content intent is off",
    inject: async (s) => s.run(await s.anotherDiscord({ messageContentIntent: false })),
    fault: /may not read the content of messages/,
    step: /Message Content Intent: on/,
  },
  {
    name: "a bot that nobody invited",
    inject: async (s) => s.run(await s.anotherDiscord({ isInvited: false })),
    fault: /not in any server/,
    step: /oauth2\/authorize\?client_id=\d+&scope=bot&permissions=\d+/,
  },
  {
    name: "a mapped channel in another server",
    inject: async (s) => s.run(await s.anotherDiscord()),
    fault: /the channel does not exist, or the bot can't see it/,
    step: /Check the id\. Invite the bot/,
  },
  {
    name: "a mapped Discord channel that the bot may not see",
    inject: (s) => s.denyBot({ view: true }),
    fault: /can't see the channel|lacks View Channel/,
    step: /View Channel/,
  },
  {
    name: "a mapped Discord channel that the bot may not post in",
    inject: (s) => s.denyBot({ send: true }),
    fault: /lacks Send Messages$/,
    step: /allow Send Messages/,
  },
  {
    name: "a mapped Discord channel whose history the bot may not read",
    inject: (s) => s.denyBot({ history: true }),
    fault: /lacks Read Message History/,
    step: /allow Read Message History/,
  },
  {
    name: "a mapped Discord channel with replies in threads that the bot may not open",
    inject: (s) => s.denyBot({ threads: true }),
    fault: /lacks Create Public Threads/,
    step: /allow Create Public Threads/,
  },
  {
    name: "a bridge that keeps restarting",
    inject: (s) =>
      s.gatewayWith({
        session_start_limit: { total: 1_000, remaining: 3, reset_after: 1_000, max_concurrency: 1 },
      }),
    fault: /only 3 connections are left today/,
    step: /restarting the bridge/,
    level: "warning",
  },

  // Slack.
  {
    name: "a bot token that Slack refuses",
    inject: (s) => s.run({ SLACK_BOT_TOKEN: "xoxb-MARKED" }),
    fault: /SLACK_BOT_TOKEN \(invalid_auth\)/,
    step: /Bot User OAuth/,
  },
  {
    name: "an app token that Slack refuses, or Socket Mode is off",
    inject: (s) => s.run({ SLACK_APP_TOKEN: "xapp-MARKED" }),
    fault: /does not accept SLACK_APP_TOKEN/,
    step: /connections:write.*Socket Mode/,
  },
  {
    name: "Slack is unreachable",
    inject: (s) => s.run({ SLACK_API_URL: "http://127.0.0.1:9/api/" }),
    fault: /can't reach Slack/,
    step: /connection/,
  },
  {
    name: "missing scopes",
    inject: async (s) => s.run(await s.anotherSlack({ scopes: ["chat:write", "users:read"] })),
    fault: /lacks channels:history, channels:read/,
    step: /Bot Token Scopes: add channels:history/,
  },
  {
    name: "no scope for reactions",
    inject: async (s) =>
      s.run(
        await s.anotherSlack({
          scopes: [...BOT_SCOPES, RELAY_SCOPE],
        }),
      ),
    level: "warning",
    fault: /reactions are not mirrored/,
    step: /add reactions:read.*reaction_added/,
  },
  {
    name: "tokens of two apps",
    inject: async (s) => {
      const env = await s.anotherSlack();
      const SLACK_API_URL = await s.proxyPlatform(env.SLACK_API_URL ?? "", (path, response) =>
        path.endsWith("/bots.info")
          ? { ...response, text: response.text.replace(/"app_id":"\w+"/, '"app_id":"A0000000000"') }
          : response,
      );
      return await s.run({ ...env, SLACK_API_URL });
    },
    fault: /different apps/,
    step: /same app/,
  },
  {
    name: "no bridge connected to Slack",
    inject: async (s) => s.run(await s.anotherSlack()),
    fault: /no bridge is running: the app token opens sockets, and no other is open/,
    step: /npm start/,
    level: "warning",
  },
  {
    name: "a mapped Slack channel that the bot was not invited to",
    inject: (s) => {
      const { slack } = s.stack;
      slack.setBotMember(s.channels.slack, false);
      return s.run().finally(() => slack.setBotMember(s.channels.slack, true));
    },
    fault: /not in the channel/,
    step: /\/invite @/,
  },
  {
    name: "a mapped Slack channel in another workspace",
    inject: async (s) => s.run(await s.anotherSlack()),
    fault: /does not exist, or it is private/,
    step: /Check the id/,
  },
  {
    name: "a mapped Slack channel that is archived",
    inject: (s) => {
      const { slack } = s.stack;
      slack.setArchived(s.channels.slack, true);
      return s.run().finally(() => slack.setArchived(s.channels.slack, false));
    },
    fault: /archived/,
    step: /Unarchive/,
  },
];
