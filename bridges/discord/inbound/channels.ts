import { ChannelTroubles } from "../../core/catch_up/channel_troubles.ts";
import type { Intake, MappingId, Trouble } from "../../platform.ts";
import { CHANNEL_DELETED, type Failure, WITHOUT_CODE } from "../failures.ts";
import type { WireChannel } from "./threads.ts";

const DELETED = troubleOf("10003", CHANNEL_DELETED);
const REMOVED = troubleOf("guild_left", WITHOUT_CODE.guild_left);

/** Reports what happens to mapped channels: renames, deletion, permissions, and the bot's removal from their server. */
export class ChannelFollower {
  /** The name reported last, so that a change of a topic costs no call. */
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

  /** The bot is no longer in the server of these channels. (An unavailable server is an outage, and not reported here.) */
  left(ids: Iterable<string>): void {
    for (const id of ids) this.#mark(id, REMOVED);
  }

  /** A server's channels as the session begins. They may have been renamed while no bridge ran. */
  listed(channels: readonly WireChannel[]): void {
    for (const channel of channels)
      if (this.intake.mappingOf(channel.id)?.externalName !== undefined) this.updated(channel);
    this.available(channels.map(({ id }) => id).filter((id) => this.troubles.has(id)));
  }

  /**
   * Channels that are available again: their server had an outage, the bot was not in it, or it could not see them.
   * Discord sends nothing from that time, so the mapping is caught up, which also shows whether it works. Undefined: it is
   * not known which ones.
   */
  available(ids: Iterable<string> | undefined): void {
    if (ids === undefined) this.intake.gap("channels are available again");
    for (const id of ids ?? []) {
      this.troubles.clear(id);
      const mappingId = this.intake.mappingOf(id)?.mappingId;
      if (mappingId !== undefined) this.intake.gap("a channel is available again", mappingId);
    }
  }

  /**
   * The bot may have lost or gained access to these channels. Discord sends nothing from one it can't see and says nothing
   * of it, but refuses a catch-up, whose failure shows in the status.
   */
  permissionsChanged(ids: Iterable<string>): void {
    for (const id of ids) {
      const mappingId = this.intake.mappingOf(id)?.mappingId;
      if (mappingId !== undefined) this.intake.gap("permissions have changed", mappingId);
    }
  }

  #mark(id: string, trouble: Trouble): void {
    const mapping = this.intake.mappingOf(id);
    if (mapping === undefined) return;
    const { mappingId } = mapping;
    this.troubles.note(id, trouble);
    this.intake.health({ mappingId, direction: "in", trouble });
    // A catch-up that is running may have read everything before this, and would clear the mark.
    this.intake.gap("a channel became unavailable", mappingId);
  }
}

function troubleOf(code: string, { reason, step }: Failure): Trouble {
  return { code, reason, ...(step === undefined ? {} : { step }) };
}
