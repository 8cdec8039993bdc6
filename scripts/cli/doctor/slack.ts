import { WebSocket } from "undici";
import { z } from "zod";
import type { SlackConfig } from "../../../bridges/config/config.ts";
import { addScopes } from "../../../bridges/slack/failures.ts";
import type { Deployment } from "../channels/deployment.ts";
import { ViewError } from "../channels/views/platform_view.ts";
import { REACTIONS_SCOPE, type SlackBot, SlackView } from "../channels/views/slack_view.ts";
import { checkNamed, type Finding } from "./finding.ts";
import { checkMappedChannels, type MappingRow, requestFailed } from "./mapped_channels.ts";
import { checkRecentMessages } from "./recent_messages.ts";

const HELLO_TIMEOUT_MS = 10_000;
const EVENTS_STEP =
  "api.slack.com/apps > your app > Event Subscriptions: on, with the bot events message.channels and message.groups, then reinstall the app";

/** Checks both tokens, scopes, sockets, each mapped channel, and whether events arrive. */
export async function checkSlack(
  config: SlackConfig,
  mappings: readonly MappingRow[],
  deployment: Deployment | undefined,
): Promise<Finding[]> {
  const check = checkNamed("Slack");
  const view = new SlackView(config);
  const findings: Finding[] = [];
  let appId: string | undefined;
  try {
    const bot = await view.bot();
    appId = bot.appId;
    findings.push(...checkBot(bot));
  } catch (error) {
    return [requestFailed("Slack", error)];
  }
  let otherSockets = 0;
  try {
    const hello = await readHello(await view.socketUrl(config.appToken));
    // One of them is the socket just opened, which is closed again.
    otherSockets = hello.num_connections - 1;
    findings.push(checkSockets(otherSockets));
    const socketApp = hello.connection_info?.app_id;
    if (appId !== undefined && socketApp !== undefined && appId !== socketApp) {
      findings.push(
        check.error(
          "SLACK_BOT_TOKEN and SLACK_APP_TOKEN belong to different apps",
          "Copy both from the same app at api.slack.com/apps",
        ),
      );
    }
  } catch (error) {
    findings.push(requestFailed("Slack", error));
  }
  try {
    findings.push(...(await checkMappedChannels(view, mappings)));
    if (deployment && otherSockets > 0) {
      const missing = await checkRecentMessages(view, mappings, deployment, (channel) =>
        channel.error("messages do not arrive", EVENTS_STEP),
      );
      findings.push(...(missing.length > 0 ? missing : [check.ok("no sign of missing events")]));
    } else {
      findings.push(
        check.skipped("event subscriptions: Slack does not list them; run a bridge to check them"),
      );
    }
  } catch (error) {
    findings.push(requestFailed("Slack", error));
  }
  return findings;
}

function checkBot({ name, team, missingScopes, missesReactions }: SlackBot): Finding[] {
  const check = checkNamed("Slack");
  return [
    check.ok(`the bot token belongs to ${name} in ${team}`),
    missingScopes.length === 0
      ? check.ok("the bot token has every scope that messages need")
      : check.error(
          `the bot token lacks ${missingScopes.join(", ")}`,
          addScopes(missingScopes.join(", ")),
        ),
    ...(missesReactions
      ? [
          check.warning(
            "reactions are not mirrored, and answers can't be rated on Slack: the bot token lacks reactions:read",
            `${addScopes(REACTIONS_SCOPE)}; Event Subscriptions > bot events: add reaction_added and reaction_removed`,
          ),
        ]
      : []),
  ];
}

function checkSockets(others: number): Finding {
  const check = checkNamed("Slack");
  if (others === 0) {
    return check.warning(
      "no bridge is running: the app token opens sockets, and no other is open",
      "Start it: npm start",
    );
  }
  if (others <= 2) {
    const open = others === 1 ? "one other is open" : "two others are open";
    return check.ok(`the app token opens sockets; ${open}`);
  }
  return check.warning(
    `${others} other sockets are open; Slack sends each event to only one of them`,
    "Stop other programs that use this app token, or give them an app of their own",
  );
}

const vHello = z.object({
  type: z.literal("hello"),
  num_connections: z.number(),
  connection_info: z.object({ app_id: z.string() }).optional(),
});

/**
 * Opens a socket, reads its `hello` and closes it. Acknowledges no event, so Slack redelivers whatever it sends here.
 * https://docs.slack.dev/apis/events-api/using-socket-mode
 */
function readHello(url: string): Promise<z.infer<typeof vHello>> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const fail = () => {
      clearTimeout(timer);
      socket.close();
      reject(
        new ViewError(
          "Slack opened no socket",
          "Try again; if that does not help, turn Socket Mode off and on",
        ),
      );
    };
    const timer = setTimeout(fail, HELLO_TIMEOUT_MS);
    socket.addEventListener("error", fail);
    socket.addEventListener("close", fail);
    socket.addEventListener("message", ({ data }) => {
      const hello = vHello.safeParse(parseJson(data));
      if (!hello.success) return;
      clearTimeout(timer);
      resolve(hello.data);
      socket.close();
    });
  });
}

function parseJson(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}
