import { ChannelTroubles } from "../../core/catch_up/channel_troubles.ts";
import type { Intake, MappingId, Trouble } from "../../platform.ts";
import type { WireChannel } from "./threads.ts";

const DELETED: Trouble = {
  code: "10003",
  reason: "the channel was deleted on Discord",
  step: "Unmap it and map another channel",
};
const REMOVED: Trouble = {
  code: "guild_left",
  reason: "the bot was removed from the server",
  step: "Invite the bot to the server again, or unmap the channel",
};

/** Follows what becomes of mapped channels: names, deletion, and the bot's place in their server. */
export class Channels {
  /** Told last, so that a change of a topic costs no call. */
  readonly #names = new Map<MappingId, string>();
  readonly troubles = new ChannelTroubles();

  constructor(private readonly intake: Intake) {}

  updated({ id, name }: WireChannel): void {
    const mapping = this.intake.mappingOf(id);
    if (mapping === undefined || typeof name !== "string") return;
    const { mappingId, externalName } = mapping;
    if ((this.#names.get(mappingId) ?? externalName) === name) return;
    this.#names.set(mappingId, name);
    void this.intake.channel({ mappingId, name });
  }

  deleted(id: string): void {
    this.#mark(id, DELETED);
  }

  /** The bot is in the server no longer. (A server that is only away is an outage, and told otherwise.) */
  lost(ids: Iterable<string>): void {
    for (const id of ids) this.#mark(id, REMOVED);
  }

  /** A server's channels as the session begins. They may have been renamed while nobody listened. */
  listed(channels: readonly WireChannel[]): void {
    for (const channel of channels)
      if (this.intake.mappingOf(channel.id)?.externalName !== undefined) this.updated(channel);
    this.back(channels.map(({ id }) => id).filter((id) => this.troubles.has(id)));
  }

  /**
   * Channels that can be heard again: their server was away, or the bot was out of it, or it may see them again. Nothing
   * of what was said meanwhile was told, so the catch-up says whether all is well.
   */
  back(ids: Iterable<string>): void {
    for (const id of ids) {
      this.troubles.clear(id);
      const mappingId = this.intake.mappingOf(id)?.mappingId;
      if (mappingId !== undefined) this.intake.gap("a channel can be heard again", mappingId);
    }
  }

  #mark(id: string, trouble: Trouble): void {
    const mapping = this.intake.mappingOf(id);
    if (mapping === undefined) return;
    const { mappingId } = mapping;
    this.troubles.note(id, trouble);
    this.intake.health({ mappingId, direction: "in", trouble });
    // A catch-up that is under way may have read all before this, and would say that all is well.
    this.intake.gap("a channel was lost", mappingId);
  }
}
