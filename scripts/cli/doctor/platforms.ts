import type { FunctionReturnType } from "convex/server";
import { WebSocket } from "undici";
import { z } from "zod";
import type { BridgesConfig } from "../../../bridges/config/config.ts";
import { addScopes } from "../../../bridges/slack/failures.ts";
import type { api } from "../../../convex/_generated/api.js";
import type { Deployment } from "../channels/deployment.ts";
import { DiscordView } from "../channels/discord_view.ts";
import { AskFailed, type PlatformView } from "../channels/seen_channel.ts";
import { SlackView } from "../channels/slack_view.ts";
import { checkArrivals } from "./arrivals.ts";
import { about, type Finding } from "./verdict.ts";

export type MappingRow = FunctionReturnType<typeof api.admin.list>[number];

const DISCORD_SHARD_LIMIT = 2_500;
const HELLO_MS = 10_000;
const EVENTS_STEP =
  "api.slack.com/apps > your app > Event Subscriptions: on, with the bot events message.channels and message.groups, then reinstall";
const NOT_STORED_STEP =
  "See that a bridge runs (npm start), and what its log says; it catches up by itself once it runs";

/** The bot, its intent, its servers, and each mapped channel. */
export async function checkDiscord(
  config: NonNullable<BridgesConfig["discord"]>["platform"],
  mappings: readonly MappingRow[],
  deployment: Deployment | undefined,
): Promise<Finding[]> {
  const check = about("Discord");
  const view = new DiscordView(config);
  try {
    const bot = await view.bot();
    const findings = [check.ok(`the token is ${bot.name}'s`)];
    findings.push(
      bot.mayReadContent
        ? check.ok("Message Content Intent is on")
        : check.error(
            "the bot may not read what messages say",
            "Discord Developer Portal > your app > Bot > Privileged Gateway Intents > Message Content Intent: on",
          ),
    );
    findings.push(
      bot.guilds.length > 0
        ? check.ok(`in ${bot.guilds.length} ${bot.guilds.length === 1 ? "server" : "servers"}`)
        : check.error("the bot is in no server", `Invite it: ${bot.inviteLink}`),
    );
    if (bot.shards > 1) {
      findings.push(
        check.warning(
          `Discord recommends ${bot.shards} shards; the bridge holds one connection, which Discord allows up to ${DISCORD_SHARD_LIMIT} servers`,
          "Use a bot of its own for the bridge, in fewer servers",
        ),
      );
    }
    if (bot.connectionsLeft < 20) {
      findings.push(
        check.warning(
          `only ${bot.connectionsLeft} connections are left today, then Discord resets the token`,
          "Find out what restarts the bridge again and again",
        ),
      );
    }
    findings.push(...(await checkChannels(view, mappings)));
    if (deployment && bot.mayReadContent) {
      const silent = await checkArrivals(view, mappings, deployment, (about) =>
        about.warning("what people said there last is not stored", NOT_STORED_STEP),
      );
      findings.push(...silent);
    }
    return findings;
  } catch (error) {
    return [unanswered("Discord", error)];
  }
}

/** Both tokens, scopes, sockets, each mapped channel, and whether events arrive. */
export async function checkSlack(
  config: NonNullable<BridgesConfig["slack"]>["platform"],
  mappings: readonly MappingRow[],
  deployment: Deployment | undefined,
): Promise<Finding[]> {
  const check = about("Slack");
  const view = new SlackView(config);
  const findings: Finding[] = [];
  let appId: string | undefined;
  try {
    const bot = await view.bot();
    appId = bot.appId;
    findings.push(check.ok(`the bot token is ${bot.name}'s in ${bot.team}`));
    findings.push(
      bot.missingScopes.length === 0
        ? check.ok("it has every scope")
        : check.error(
            `it lacks ${bot.missingScopes.join(", ")}`,
            addScopes(bot.missingScopes.join(", ")),
          ),
    );
  } catch (error) {
    return [unanswered("Slack", error)];
  }
  let others = 0;
  try {
    const hello = await greet(await view.socketUrl(config.appToken));
    // One of them is ours, which is closed again.
    others = hello.num_connections - 1;
    findings.push(socketFinding(others));
    const socketApp = hello.connection_info?.app_id;
    if (appId !== undefined && socketApp !== undefined && appId !== socketApp) {
      findings.push(
        check.error(
          "SLACK_BOT_TOKEN and SLACK_APP_TOKEN belong to different apps",
          "Take both from the same app at api.slack.com/apps",
        ),
      );
    }
  } catch (error) {
    findings.push(unanswered("Slack", error));
  }
  try {
    findings.push(...(await checkChannels(view, mappings)));
    if (deployment && others > 0) {
      const silent = await checkArrivals(view, mappings, deployment, (about) =>
        about.error("what people say there does not arrive", EVENTS_STEP),
      );
      findings.push(
        ...(silent.length > 0 ? silent : [check.ok("events arrive, as far as can be seen")]),
      );
    } else {
      findings.push(
        check.skipped(
          "event subscriptions: Slack does not tell them; they are tried while a bridge runs",
        ),
      );
    }
  } catch (error) {
    findings.push(unanswered("Slack", error));
  }
  return findings;
}

function socketFinding(others: number): Finding {
  const check = about("Slack");
  if (others <= 2) {
    const open = ["no other is open", "one other is open", "two others are open"][others];
    return check.ok(`the app token opens sockets; ${open ?? ""}`);
  }
  return check.warning(
    `${others} sockets are open: each event goes to only one of them`,
    "Stop other programs that use this app token, or give them an app of their own",
  );
}

async function checkChannels(
  view: PlatformView,
  mappings: readonly MappingRow[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { platform, externalId, externalName, replyIn, state } of mappings) {
    const check = about(
      `${platform} ${externalId}${externalName === undefined ? "" : ` (${externalName})`}`,
    );
    try {
      const { troubles } = await view.channel(externalId);
      if (troubles.length === 0) {
        findings.push(
          state === "paused" ? check.skipped("paused") : check.ok("readable and writable"),
        );
      }
      for (const { problem, step, minor } of troubles) {
        const isError = minor !== true || replyIn === "thread";
        findings.push(isError ? check.error(problem, step) : check.warning(problem, step));
      }
    } catch (error) {
      findings.push(unanswered(`${platform} ${externalId}`, error));
    }
  }
  return findings;
}

const vHello = z.object({
  type: z.literal("hello"),
  num_connections: z.number(),
  connection_info: z.object({ app_id: z.string() }).optional(),
});

/** Opens a socket up to its greeting. What Slack might send over it is not acknowledged, so Slack sends it again. */
function greet(url: string): Promise<z.infer<typeof vHello>> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const fail = () => {
      clearTimeout(timer);
      socket.close();
      reject(
        new AskFailed("Slack opened no socket", "Try again; else turn Socket Mode off and on"),
      );
    };
    const timer = setTimeout(fail, HELLO_MS);
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

function unanswered(what: string, error: unknown): Finding {
  const check = about(what);
  if (error instanceof AskFailed) {
    return check.error(error.problem, error.step ?? "Try again in a while");
  }
  return check.error("could not be asked", "Try again; if it stays, report it");
}
