import { api } from "../../../convex/_generated/api.js";
import type { Platform, ReplyIn, Trigger } from "../../../convex/model/shared/validators.ts";
import type { Deployment } from "./deployment.ts";
import { foundTable, mappingTable, plain, sentence, statusReport } from "./format.ts";
import type { PlatformView } from "./platform_view.ts";
import { asking, requireUsable } from "./open_view.ts";

/** What a verb answers: `data` for `--json`, `text` for people. */
export interface Answer {
  readonly data: unknown;
  readonly text: string;
}

/** A channel of a platform, by the platform's own id. */
export interface Place {
  readonly platform: Platform;
  readonly externalId: string;
}

export interface Settings {
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  /** `null`: back to the default. Only where there is something to go back from. */
  readonly instructions?: string | null;
  readonly model?: string | null;
}

export interface MapOptions {
  readonly to?: string;
  readonly adopt?: string;
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  readonly instructions?: string;
  readonly model?: string;
  readonly history?: number;
}

/** `view`: the platform, to be asked first; undefined: the bridge will find out. */
export async function map(
  to: Deployment,
  place: Place,
  options: MapOptions,
  view?: PlatformView,
): Promise<Answer> {
  const seen = view && (await asking(() => view.channel(place.externalId)));
  const notes = seen ? requireUsable(seen, options.replyIn === "thread") : [];
  const name = seen === undefined || seen.name === "" ? {} : { externalName: seen.name };
  const data = await to.mutate(api.admin.map, { ...place, ...name, ...options });
  const made = data.channelCreated ? "the new private channel" : "the private channel";
  const shown = seen === undefined ? place.externalId : `${place.externalId} (#${seen.name})`;
  const bot = seen ? ["The bot may read and post there.", ...notes].join("\n") : unverified(place);
  const text = `Mapped ${place.platform} ${shown} to ${made} "${data.channelName}". ${bot}`;
  return { data: { ...data, verified: seen !== undefined, ...name }, text: plain(text) };
}

function unverified({ platform }: Place): string {
  const step =
    platform === "slack"
      ? "Invite the bot there: /invite @its-name."
      : "The bot must be able to see it.";
  return `Not verified, as no token is at hand. ${step}`;
}

/** The channels the bot sees whose name contains `text`. */
export async function find(view: PlatformView, text: string): Promise<Answer> {
  const data = await asking(() => view.find(text));
  return { data, text: foundTable(data) };
}

export async function unmap(
  from: Deployment,
  place: Place,
  deleteMessages: boolean,
): Promise<Answer> {
  const data = await from.mutate(api.admin.unmap, { ...place, deleteMessages });
  const messages = deleteMessages
    ? "Its messages are being deleted."
    : "Its messages are kept, and stay private.";
  const cancelled =
    data.cancelledDeliveries === 0
      ? ""
      : ` Replies that will not be posted any more: ${data.cancelledDeliveries}.`;
  const text = `Unmapped ${place.platform} ${place.externalId} from "${data.channelName}". ${messages}${cancelled}`;
  return { data, text };
}

export async function change(on: Deployment, place: Place, settings: Settings): Promise<Answer> {
  const data = await on.mutate(api.admin.change, { ...place, ...settings });
  return { data, text: sentence(data) };
}

export async function setState(
  on: Deployment,
  place: Place,
  state: "active" | "paused",
): Promise<Answer> {
  const data = await on.mutate(api.admin.change, { ...place, state });
  return { data, text: sentence(data) };
}

export async function list(of: Deployment): Promise<Answer> {
  const data = await of.query(api.admin.list, {});
  return { data, text: mappingTable(data) };
}

export async function status(of: Deployment): Promise<Answer> {
  const data = await of.query(api.admin.status, {});
  return { data, text: statusReport(data) };
}

export async function retryOne(on: Deployment, deliveryId: string): Promise<Answer> {
  const { retried } = await on.mutate(api.admin.retry, { deliveryId });
  return { data: { retried }, text: "It will be sent again." };
}

/** Every failed delivery; a call takes a bounded number of them, so there may be several. */
export async function retryAll(on: Deployment): Promise<Answer> {
  let retried = 0;
  for (let more = true; more;) {
    const answer = await on.mutate(api.admin.retry, {});
    retried += answer.retried;
    more = answer.more && answer.retried > 0;
  }
  const text = retried === 0 ? "Nothing has failed." : `Will be sent again: ${retried}.`;
  return { data: { retried }, text };
}
