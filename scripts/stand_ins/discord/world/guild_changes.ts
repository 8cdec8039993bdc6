import type { Lookup } from "./lookup.ts";
import type { Presence, Webhook } from "./model.ts";
import type { World } from "./world.ts";

/** Webhooks that a channel can have (Discord docs, "Opcodes and Status Codes", 30007). */
export const MOST_WEBHOOKS = 15;

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

  /** Makes a webhook by hand. `madeBy`: a person, another bot or, by default, the bridge's bot. */
  addWebhook(channel: string, name: string, madeBy?: string): Webhook {
    const maker = madeBy === undefined ? this.world.bot : this.lookup.user(madeBy);
    return this.world.addWebhook(this.lookup.channel(channel), name, maker);
  }

  /** Gives the channel as many webhooks of people as it may have. */
  fillWebhooks(channel: string): void {
    const found = this.lookup.channel(channel);
    while (this.world.webhooksOf(found).length < MOST_WEBHOOKS) {
      this.world.addWebhook(found, "Captain Hook", this.world.owner);
    }
  }

  /** The webhooks of a channel, oldest first. */
  webhooksOf(channel: string): Webhook[] {
    return this.world.webhooksOf(this.lookup.channel(channel));
  }

  /** As people can in the server's settings. */
  moveWebhook(id: string, channel: string): void {
    const webhook = this.world.webhooks.get(id);
    if (!webhook) throw new Error(`no webhook ${id}`);
    this.world.webhooks.set(id, { ...webhook, channel: this.lookup.channel(channel) });
  }

  removeWebhook(id: string): void {
    const webhook = this.world.webhooks.get(id);
    if (!webhook) throw new Error(`no webhook ${id}`);
    this.world.removeWebhook(webhook);
  }

  /** Makes every address of a file that was shown so far expire. */
  expireFiles(): void {
    this.world.cdn.expire();
  }

  renameThread(thread: string, name: string): void {
    this.world.renameThread(this.lookup.thread(thread), name);
  }
}
