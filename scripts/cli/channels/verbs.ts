import { api } from "../../../convex/_generated/api.js";
import type { Platform, ReplyIn, Trigger } from "../../../convex/model/shared/validators.ts";
import { CommandError } from "../command_error.ts";
import { type Deployment, readStatus } from "./deployment.ts";
import {
  channelTable,
  describeMapping,
  type MappingRow,
  mappingTable,
  statusReport,
} from "./format.ts";
import { foundMessages } from "./found_messages.ts";
import { stripControls } from "../strip_controls.ts";
import type { PlatformView } from "./views/platform_view.ts";
import { explainViewErrors, requireUsable } from "./views/open_view.ts";

/** A verb's result: `data` for `--json`, `text` for people. */
export interface Result {
  readonly data: unknown;
  readonly text: string;
}

/** A channel of a platform, by the platform's id. */
export interface PlatformChannel {
  readonly platform: Platform;
  readonly externalId: string;
}

/** The settings of a mapping that `set` changes. */
export interface Settings {
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  /** `null`: back to the default. */
  readonly instructions?: string | null;
  readonly model?: string | null;
  /** `null`: for ever. */
  readonly keepDays?: number | null;
  readonly relay?: boolean;
  readonly relayApps?: boolean;
  readonly stream?: boolean;
}

/** What `map` accepts besides the channel; exactly one of `to` and `adopt`. */
export interface MapOptions {
  readonly to?: string;
  readonly adopt?: string;
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  readonly instructions?: string;
  readonly model?: string;
  readonly history?: number;
  readonly keepDays?: number;
  readonly relay?: boolean;
  readonly relayApps?: boolean;
  readonly stream?: boolean;
}

/** Maps a channel. With `view`, first checks on the platform that the bot can work in the channel. */
export async function map(
  deployment: Deployment,
  channel: PlatformChannel,
  options: MapOptions,
  view?: PlatformView,
): Promise<Result> {
  const seen = view && (await explainViewErrors(() => view.channel(channel.externalId)));
  const uses = { threads: options.replyIn === "thread", relay: options.relay === true };
  const notes = seen ? requireUsable(seen, uses) : [];
  const name = seen === undefined || seen.name === "" ? {} : { externalName: seen.name };
  const data = await deployment.mutate(api.admin.map, { ...channel, ...name, ...options });
  const target = data.channelCreated ? "the new private channel" : "the private channel";
  const shown = seen === undefined ? channel.externalId : `${channel.externalId} (#${seen.name})`;
  const bot = seen
    ? ["The bot can read and post there.", ...notes].join("\n")
    : notChecked(channel);
  const relayed = options.relay
    ? " It receives what is said in the other channels mapped there."
    : "";
  const text = `Mapped ${channel.platform} ${shown} to ${target} "${data.channelName}".${relayed} ${bot}`;
  return { data: { ...data, verified: seen !== undefined, ...name }, text: stripControls(text) };
}

function notChecked({ platform }: PlatformChannel): string {
  const step =
    platform === "slack"
      ? "Invite the bot to it: /invite @ and the bot's name."
      : "Make sure that the bot can see it.";
  return `Not checked on the platform. ${step}`;
}

/** Lists the channels visible to the bot whose name contains `text`, with what they are mapped to. */
export async function find(
  view: PlatformView,
  text: string,
  mapped: readonly MappingRow[],
): Promise<Result> {
  const found = await explainViewErrors(() => view.find(text));
  const targets = new Map(mapped.map(({ externalId, channelName }) => [externalId, channelName]));
  const data = found.map((channel) => {
    const mappedTo = targets.get(channel.id);
    return mappedTo === undefined ? channel : { ...channel, mappedTo };
  });
  return { data, text: channelTable(data) };
}

/** Pages of messages that are counted before they are deleted; further ones are not worth the wait. */
const PAGES_COUNTED = 25;
const PAGE = 200;

/** How many messages of a channel would be deleted, in words; undefined if an older deployment can't count them. */
export async function countMessages(
  deployment: Deployment,
  channel: PlatformChannel,
): Promise<string | undefined> {
  let count = 0;
  let cursor: string | null = null;
  for (let pages = 1; ; pages += 1) {
    const paginationOpts: { numItems: number; cursor: string | null } = { numItems: PAGE, cursor };
    try {
      const page = await deployment.query(api.admin.countMessages, { ...channel, paginationOpts });
      count += page.count;
      cursor = page.continueCursor;
      if (page.isDone) return count === 1 ? "1 message" : `${count} messages`;
      if (pages === PAGES_COUNTED) return `more than ${count} messages`;
    } catch (error) {
      if (error instanceof CommandError && error.code === "FAILED") return undefined;
      throw error;
    }
  }
}

/** Unmaps a channel; keeps its messages unless `deleteMessages`. */
export async function unmap(
  deployment: Deployment,
  channel: PlatformChannel,
  deleteMessages: boolean,
): Promise<Result> {
  const count = deleteMessages ? await countMessages(deployment, channel) : undefined;
  const data = await deployment.mutate(api.admin.unmap, { ...channel, deleteMessages });
  const messages = deleteMessages
    ? `Its messages are being deleted${count === undefined ? "" : ` (${count})`}.`
    : "Its messages are kept and stay private.";
  const cancelled =
    data.cancelledDeliveries === 0 ? "" : ` Replies cancelled: ${data.cancelledDeliveries}.`;
  const text = `Unmapped ${channel.platform} ${channel.externalId} from "${data.channelName}". ${messages}${cancelled}`;
  return { data, text: stripControls(text) };
}

/** Changes a mapping's settings. */
export async function change(
  deployment: Deployment,
  channel: PlatformChannel,
  settings: Settings,
): Promise<Result> {
  const data = await deployment.mutate(api.admin.change, { ...channel, ...settings });
  const ended = settings.relay === false && !data.relayApps ? " Relay is off." : "";
  return { data, text: describeMapping(data) + ended };
}

/** Pauses or resumes a mapping. */
export async function setState(
  deployment: Deployment,
  channel: PlatformChannel,
  state: "active" | "paused",
): Promise<Result> {
  const data = await deployment.mutate(api.admin.change, { ...channel, state });
  return { data, text: describeMapping(data) };
}

/** Lists every mapping. */
export async function list(deployment: Deployment): Promise<Result> {
  const data = await deployment.query(api.admin.list, {});
  return { data, text: mappingTable(data) };
}

/** Reports the state of every mapping, failed replies and problems. */
export async function status(deployment: Deployment): Promise<Result> {
  const data = await readStatus(deployment);
  return { data, text: statusReport(data) };
}

/** Finds messages of a Convex channel, by its name or id. */
export async function search(
  deployment: Deployment,
  request: { readonly channel: string; readonly text: string; readonly limit?: number },
): Promise<Result> {
  const data = await deployment.query(api.admin.search, request);
  return { data, text: foundMessages(data) };
}

/** Retries one failed delivery. */
export async function retryOne(deployment: Deployment, deliveryId: string): Promise<Result> {
  const { retried } = await deployment.mutate(api.admin.retry, { deliveryId });
  return { data: { retried }, text: "It will be retried." };
}

/** Retries every failed delivery. One call retries a limited number, so this may take several. */
export async function retryAll(deployment: Deployment): Promise<Result> {
  let retried = 0;
  for (let more = true; more;) {
    const batch = await deployment.mutate(api.admin.retry, {});
    retried += batch.retried;
    more = batch.more && batch.retried > 0;
  }
  const text = retried === 0 ? "Nothing has failed." : `Posts that will be retried: ${retried}.`;
  return { data: { retried }, text };
}
