import type { Lookup } from "../rest/lookup.ts";
import type { Presence } from "../world/model.ts";
import type { World } from "../world/world.ts";

/** What becomes of the guild as a whole, and of names in it. */
export class GuildChanges {
  constructor(
    private readonly world: World,
    private readonly lookup: Lookup,
  ) {}

  /** `out`: somebody removes the bot from the guild. `away`: Discord itself has lost the guild for a while. */
  setPresence(presence: Presence): void {
    this.world.setPresence(presence);
  }

  /** The person is called otherwise here. Nobody is told: for that a client needs a privileged intent. */
  renamePerson(person: string, nick: string): void {
    this.world.rename(this.lookup.user(person), nick);
  }

  /** From now on the thread is private, and the bot not in it. */
  hideThread(thread: string): void {
    this.lookup.thread(thread).hidden = true;
  }

  renameThread(thread: string, name: string): void {
    this.world.renameThread(this.lookup.thread(thread), name);
  }
}
