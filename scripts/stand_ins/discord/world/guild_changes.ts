import type { Lookup } from "./lookup.ts";
import type { Presence } from "./model.ts";
import type { World } from "./world.ts";

/** Changes to the guild as a whole, and to the names in it. */
export class GuildChanges {
  constructor(
    private readonly world: World,
    private readonly lookup: Lookup,
  ) {}

  /** `out`: the bot is removed from the guild. `away`: the guild is unavailable, as in an outage. */
  setPresence(presence: Presence): void {
    this.world.setPresence(presence);
  }

  /** Changes a person's nickname. Sends no event: clients without the privileged members intent get none. */
  renamePerson(person: string, nick: string): void {
    this.world.rename(this.lookup.user(person), nick);
  }

  /** Makes the thread private, without the bot as a member. */
  hideThread(thread: string): void {
    this.lookup.thread(thread).hidden = true;
  }

  renameThread(thread: string, name: string): void {
    this.world.renameThread(this.lookup.thread(thread), name);
  }
}
