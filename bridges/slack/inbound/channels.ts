import { z } from "zod";
import type { ChannelTroubles } from "../../core/catch_up/channel_troubles.ts";
import { shortName } from "../../core/shared/lenient.ts";
import type { Intake, Mapping, Trouble } from "../../platform.ts";
import { FAILURES } from "../failures.ts";
import type { EventDispatcher } from "../socket/dispatcher.ts";
import type { ChannelIds } from "./channel_ids.ts";

export const ARCHIVED = troubleOf("is_archived");
const DELETED = troubleOf("channel_deleted");
const NOT_A_MEMBER = troubleOf("not_in_channel");

function troubleOf(code: "is_archived" | "channel_deleted" | "not_in_channel"): Trouble {
  const { reason, step } = FAILURES[code];
  return { code, reason, step };
}

const channelId = z.string().min(1).max(100);
const renamed = z.object({ channel: z.object({ id: channelId, name: shortName }) });
const idChanged = z.object({ old_channel_id: channelId, new_channel_id: channelId });
const ofChannel = z.object({ channel: channelId });
const ofMember = z.object({ channel: channelId, user: z.string() });

export interface ChannelFollowerOptions {
  readonly botUserId: string;
  readonly intake: Intake;
  readonly channelIds: ChannelIds;
  readonly troubles: ChannelTroubles;
  /** The mapping of a channel, also under an id that Convex has not stored yet. */
  readonly mappingOf: (channel: string) => Mapping | undefined;
}

/**
 * Follows names, ids, archiving and the bot's membership of mapped channels. An event about one channel affects no other
 * and never stops ingestion. A new name or id is acknowledged once stored; every catch-up checks the rest again.
 */
export class ChannelFollower {
  constructor(private readonly options: ChannelFollowerOptions) {}

  subscribe(events: EventDispatcher): void {
    const { botUserId } = this.options;
    for (const type of ["channel_rename", "group_rename"])
      events.on(type, renamed, ({ channel }) => this.#renamed(channel));
    events.on("channel_id_changed", idChanged, (event) =>
      this.#idChanged(event.old_channel_id, event.new_channel_id),
    );
    for (const type of ["channel_archive", "group_archive"])
      events.on(type, ofChannel, ({ channel }) => this.#lost(channel, ARCHIVED));
    for (const type of ["channel_unarchive", "group_unarchive"])
      events.on(type, ofChannel, ({ channel }) =>
        this.#restored(channel, "the channel was unarchived"),
      );
    for (const type of ["channel_deleted", "group_deleted"])
      events.on(type, ofChannel, ({ channel }) => this.#lost(channel, DELETED));
    for (const type of ["channel_left", "group_left"])
      events.on(type, ofChannel, ({ channel }) => this.#lost(channel, NOT_A_MEMBER));
    events.on("member_left_channel", ofMember, ({ user, channel }) => {
      if (user === botUserId) this.#lost(channel, NOT_A_MEMBER);
    });
    events.on("member_joined_channel", ofMember, ({ user, channel }) => {
      if (user === botUserId) this.#restored(channel, "the bot joined the channel");
    });
  }

  async #renamed({ id, name }: { readonly id: string; readonly name: string }): Promise<void> {
    const mappingId = this.options.mappingOf(id)?.mappingId;
    if (mappingId !== undefined) await this.options.intake.channel({ mappingId, name });
  }

  async #idChanged(from: string, to: string): Promise<void> {
    const { intake, channelIds, mappingOf } = this.options;
    const mappingId = mappingOf(from)?.mappingId;
    if (mappingId === undefined) return;
    channelIds.changed(from, to);
    // Events of two sockets have no common order: messages under the new id that came first were dropped.
    intake.gap("the channel's id changed", mappingId);
    await intake.channel({ mappingId, externalId: to });
  }

  #lost(channel: string, trouble: Trouble): void {
    const { intake, troubles, mappingOf } = this.options;
    const mapping = mappingOf(channel);
    if (mapping === undefined) return;
    const { mappingId, externalId } = mapping;
    // An archived channel can be read, and its history shows that it is archived.
    if (trouble !== ARCHIVED) troubles.note(externalId, trouble);
    intake.health({ mappingId, direction: "in", trouble });
    // A catch-up that is under way may have finished reading before this, and would report the mapping as healthy.
    intake.gap(trouble.reason, mappingId);
  }

  /** Slack sent nothing meanwhile, so the next catch-up decides whether the mapping is healthy. */
  #restored(channel: string, why: string): void {
    const { intake, troubles, mappingOf } = this.options;
    const mapping = mappingOf(channel);
    if (mapping === undefined) return;
    const { mappingId, externalId } = mapping;
    troubles.clear(externalId);
    intake.health({ mappingId, direction: "out" });
    intake.gap(why, mappingId);
  }
}
