import type { Place } from "../../chat.ts";
import type { Channel, TextChannel, Thread, User } from "./model.ts";
import type { World } from "./world.ts";

/** Finds things by the ids that callers of the stand-in pass. Throws if there is no such thing. */
export class Lookup {
  constructor(private readonly world: World) {}

  user(id: string): User {
    const user = this.world.users.get(id);
    if (!user || user.kind === "self") throw new Error(`no person ${id}`);
    return user;
  }
  channel(id: string): TextChannel {
    const channel = this.world.channels.get(id);
    if (!channel) throw new Error(`no channel ${id}`);
    return channel;
  }
  thread(id: string): Thread {
    const thread = this.world.threads.get(id);
    if (!thread) throw new Error(`no thread ${id}`);
    return thread;
  }
  place(place: Place): Channel {
    const channel = this.channel(place.channel);
    if (place.thread === undefined) return channel;
    const thread = this.thread(place.thread);
    if (thread.parent !== channel) throw new Error(`thread ${thread.id} is in another channel`);
    return thread;
  }
}
