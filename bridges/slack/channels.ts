import type { App } from "@slack/bolt";
import type { Health, Intake } from "../platform.ts";
import type { Identity } from "./identity.ts";

type Trouble = NonNullable<Health["trouble"]>;

const ARCHIVED: Trouble = {
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

/**
 * Follows what becomes of mapped channels: names, ids, archiving, and whether the bot is in them. Nothing of it says
 * anything of the other channels, and nothing of it stops the ear.
 */
export function followChannels(app: App, identity: Identity, intake: Intake): void {
  const tell = (channel: string, trouble: Trouble | undefined) => {
    const mapping = intake.mappingOf(channel);
    if (mapping === undefined) return;
    const { mappingId } = mapping;
    intake.health({ mappingId, direction: "in", ...(trouble && { trouble }) });
  };
  const renamed = async ({ id, name }: { readonly id: string; readonly name: string }) => {
    const mapping = intake.mappingOf(id);
    if (mapping !== undefined) intake.channel({ mappingId: mapping.mappingId, name });
  };
  const isBot = (user: string) => user === identity.botUserId;

  app.event("channel_rename", ({ event }) => renamed(event.channel));
  app.event("group_rename", ({ event }) => renamed(event.channel));
  app.event("channel_id_changed", async ({ event }) => {
    const mapping = intake.mappingOf(event.old_channel_id);
    if (mapping === undefined) return;
    intake.channel({ mappingId: mapping.mappingId, externalId: event.new_channel_id });
  });
  app.event("channel_archive", async ({ event }) => tell(event.channel, ARCHIVED));
  app.event("group_archive", async ({ event }) => tell(event.channel, ARCHIVED));
  app.event("channel_unarchive", async ({ event }) => tell(event.channel, undefined));
  app.event("group_unarchive", async ({ event }) => tell(event.channel, undefined));
  app.event("channel_deleted", async ({ event }) => tell(event.channel, DELETED));
  app.event("group_deleted", async ({ event }) => tell(event.channel, DELETED));
  app.event("channel_left", async ({ event }) => tell(event.channel, LEFT));
  app.event("group_left", async ({ event }) => tell(event.channel, LEFT));
  app.event("member_left_channel", async ({ event }) => {
    if (isBot(event.user)) tell(event.channel, LEFT);
  });
  app.event("member_joined_channel", async ({ event }) => {
    if (isBot(event.user)) tell(event.channel, undefined);
  });
}
