import pino from "pino";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { Discord } from "../../../bridges/discord/adapter.ts";
import { RecordingCore } from "../recording_core.ts";
import { type GatewayScript, ScriptedGateway } from "./scripted_gateway.ts";
import { mappingOf } from "./stage.ts";

const logLine = z.record(z.string(), z.unknown());
/** The first server, and its mapped channel. */
export const GUILD = "100000000000000001";
export const ROOM = "200000000000000001";
/** A server with a channel, and another channel that is not mapped. */
export const guild = (id = GUILD, channel = ROOM) => ({
  id,
  channels: [
    { id: channel, type: 0, name: "room" },
    { id: "200000000000000009", type: 0, name: "elsewhere" },
  ],
  roles: [],
  threads: [],
});
let sequence = 0;
/** A message of Ada's. */
export const message = (channel = ROOM, guildId = GUILD, fields = {}) => ({
  id: `30000000000000${(++sequence + 1_000).toString()}`,
  channel_id: channel,
  guild_id: guildId,
  type: 0,
  content: "hello",
  timestamp: new Date().toISOString(),
  edited_timestamp: null,
  author: { id: "400", username: "ada", discriminator: "0" },
  attachments: [],
  embeds: [],
  mentions: [],
  mention_roles: [],
  ...fields,
});

/** The adapter, started against a gateway that follows a script. `shards`: first, last and count. */
export async function open(
  script: GatewayScript,
  channels = [ROOM],
  shards?: [number, number, number],
) {
  const gateway = await ScriptedGateway.start(script);
  onTestFinished(() => gateway.stop());
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    {},
    { write: (line: string) => void lines.push(logLine.parse(JSON.parse(line))) },
  );
  const range = shards && { first: shards[0], last: shards[1], count: shards[2] };
  const platform = new Discord(
    { botToken: "token", apiUrl: gateway.apiUrl, ...(range && { shards: range }) },
    log,
  );
  onTestFinished(() => platform.close());
  const core = new RecordingCore();
  for (const channel of channels) core.add(mappingOf(channel));
  const fatal: Error[] = [];
  const started = platform.start(core, (error) => fatal.push(error));
  started.catch(() => undefined);
  return { gateway, platform, core, lines, fatal, started };
}
