import type { Health, Intake, MappingId } from "../platform.ts";
import type { WireChannel } from "./threads.ts";

type Trouble = NonNullable<Health["trouble"]>;

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
  /** Marked here; what others have marked is theirs to clear. */
  readonly #marked = new Set<MappingId>();

  constructor(private readonly intake: Intake) {}

  updated({ id, name }: WireChannel): void {
    const mapping = this.intake.mappingOf(id);
    if (mapping === undefined || typeof name !== "string") return;
    const { mappingId } = mapping;
    if (this.#names.get(mappingId) === name) return;
    this.#names.set(mappingId, name);
    this.intake.channel({ mappingId, name });
  }

  deleted(id: string): void {
    this.#mark(id, DELETED);
  }

  /** The bot is in the server no longer. (A server that is only away is an outage, and told otherwise.) */
  lost(ids: Iterable<string>): void {
    for (const id of ids) this.#mark(id, REMOVED);
  }

  /** The server is there, or there again. */
  found(ids: Iterable<string>): void {
    for (const id of ids) {
      const mapping = this.intake.mappingOf(id);
      if (mapping === undefined || !this.#marked.delete(mapping.mappingId)) continue;
      this.intake.health({ mappingId: mapping.mappingId, direction: "in" });
    }
  }

  #mark(id: string, trouble: Trouble): void {
    const mapping = this.intake.mappingOf(id);
    if (mapping === undefined) return;
    this.#marked.add(mapping.mappingId);
    this.intake.health({ mappingId: mapping.mappingId, direction: "in", trouble });
  }
}
