import type { ChannelTroubles } from "../../core/catch_up/channel_troubles.ts";
import type { Intake, Mapping, Trouble } from "../../platform.ts";
import type { Identity } from "../identity.ts";
import type { Listeners } from "../socket/listeners.ts";
import type { Moves } from "./moves.ts";

export const ARCHIVED: Trouble = {
  code: "is_archived",
  reason: "the channel is archived",
  step: "Unarchive the channel in Slack, or unmap it",
};
const DELETED: Trouble = {
  code: "channel_deleted",
  reason: "the channel was deleted in Slack",
  step: "Unmap it and map another channel",
};
const LEFT: Trouble = {
  code: "not_in_channel",
  reason: "the bot was removed from the channel",
  step: "In Slack, open the channel and send: /invite @ and the bot's name",
};

/** What a mapping needs to know of the events' channels. */
export interface Following {
  readonly identity: Identity;
  readonly intake: Intake;
  readonly moves: Moves;
  readonly troubles: ChannelTroubles;
  /** The mapping of a channel, also under an id that Convex doesn't have yet. */
  readonly mappingOf: (channel: string) => Mapping | undefined;
}

/**
 * Follows what becomes of mapped channels: names, ids, archiving, and whether the bot is in them. Nothing of it says
 * anything of the other channels, and nothing of it stops the ear. Slack is told "received" once a new name or id is
 * stored; the rest is looked at anew by every catch-up.
 */
export function followChannels(on: Listeners, following: Following): void {
  const { identity, intake, moves, troubles, mappingOf } = following;
  const broken = (channel: string, trouble: Trouble) => {
    const mapping = mappingOf(channel);
    if (mapping === undefined) return;
    const { mappingId, externalId } = mapping;
    // One that is archived can be read: history tells of it.
    if (trouble !== ARCHIVED) troubles.note(externalId, trouble);
    intake.health({ mappingId, direction: "in", trouble });
    // A catch-up that is under way may have read all before this, and would say that all is well.
    intake.gap("a channel was lost", mappingId);
  };
  /** Mended. Nothing of what was said meanwhile was told, so the catch-up says whether all is well. */
  const mended = (channel: string, why: string) => {
    const mapping = mappingOf(channel);
    if (mapping === undefined) return;
    const { mappingId, externalId } = mapping;
    troubles.clear(externalId);
    intake.health({ mappingId, direction: "out" });
    intake.gap(why, mappingId);
  };
  const renamed = async ({ id, name }: { readonly id: string; readonly name: string }) => {
    const mappingId = mappingOf(id)?.mappingId;
    if (mappingId !== undefined) await intake.channel({ mappingId, name });
  };
  const isBot = (user: string) => user === identity.botUserId;

  on.event("channel_rename", ({ event }) => renamed(event.channel));
  on.event("group_rename", ({ event }) => renamed(event.channel));
  on.event("channel_id_changed", async ({ event }) => {
    const mappingId = mappingOf(event.old_channel_id)?.mappingId;
    if (mappingId === undefined) return;
    const { old_channel_id: from, new_channel_id: to } = event;
    moves.note(from, to);
    // Sockets have no common order: what came under the new id before this was taken for another channel's.
    intake.gap("a channel has another id", mappingId);
    await intake.channel({ mappingId, externalId: to });
  });
  on.event("channel_archive", async ({ event }) => broken(event.channel, ARCHIVED));
  on.event("group_archive", async ({ event }) => broken(event.channel, ARCHIVED));
  on.event("channel_unarchive", async ({ event }) =>
    mended(event.channel, "a channel is open again"),
  );
  on.event("group_unarchive", async ({ event }) =>
    mended(event.channel, "a channel is open again"),
  );
  on.event("channel_deleted", async ({ event }) => broken(event.channel, DELETED));
  on.event("group_deleted", async ({ event }) => broken(event.channel, DELETED));
  on.event("channel_left", async ({ event }) => broken(event.channel, LEFT));
  on.event("group_left", async ({ event }) => broken(event.channel, LEFT));
  on.event("member_left_channel", async ({ event }) => {
    if (isBot(event.user)) broken(event.channel, LEFT);
  });
  on.event("member_joined_channel", async ({ event }) => {
    if (isBot(event.user)) mended(event.channel, "the bot is in a channel again");
  });
}
