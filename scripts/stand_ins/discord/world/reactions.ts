import type { APIReaction } from "discord-api-types/v10";
import type { Place, ReactionAct, ReactionActs } from "../../chat.ts";
import { find } from "./draft.ts";
import type { Lookup } from "./lookup.ts";
import type { Emoji, Message, MessageReaction } from "./model.ts";
import type { World } from "./world.ts";

/** Different emojis on one message. */
const MOST_EMOJIS = 20;

/** Acts for people who react to messages, and for moderators who clear reactions. */
export class Reactions implements ReactionActs {
  /** The ids of the server's own emojis, by name. */
  readonly #own = new Map<string, string>();

  constructor(
    private readonly world: World,
    private readonly lookup: Lookup,
  ) {}

  add(act: ReactionAct): void {
    const [user, message] = [this.lookup.user(act.person), this.#message(act)];
    const reaction = this.#on(message, act.emoji);
    const emoji = reaction?.emoji ?? this.#emoji(act.emoji);
    if (reaction?.users.has(user.id)) throw new Error("they have reacted so already");
    if (!reaction && message.reactions.length >= MOST_EMOJIS) throw new Error("too many emojis");
    if (reaction) reaction.users.add(user.id);
    else message.reactions = [...message.reactions, { emoji, users: new Set([user.id]) }];
    this.world.events.emit({ kind: "reactionAdded", message, emoji, user });
  }

  remove(act: ReactionAct): void {
    const [user, message] = [this.lookup.user(act.person), this.#message(act)];
    const reaction = this.#on(message, act.emoji);
    if (!reaction?.users.delete(user.id)) throw new Error("they have not reacted so");
    if (reaction.users.size === 0) this.#drop(message, reaction);
    this.world.events.emit({ kind: "reactionRemoved", message, emoji: reaction.emoji, user });
  }

  /** A moderator removes all reactions of a message, or those with one emoji. */
  clear(at: Place & { readonly id: string; readonly emoji?: string }): void {
    const message = this.#message(at);
    if (at.emoji === undefined) {
      message.reactions = [];
      this.world.events.emit({ kind: "reactionsCleared", message });
      return;
    }
    const reaction = this.#on(message, at.emoji);
    if (!reaction) throw new Error(`nobody has reacted with ${at.emoji}`);
    this.#drop(message, reaction);
    this.world.events.emit({ kind: "emojiCleared", message, emoji: reaction.emoji });
  }

  #message(at: Place & { readonly id: string }): Message {
    return find(this.lookup.place(at), at.id);
  }

  #on({ reactions }: Message, emoji: string): MessageReaction | undefined {
    const { id, name } = this.#emoji(emoji);
    return reactions.find((each) => each.emoji.id === id && each.emoji.name === name);
  }

  #drop(message: Message, reaction: MessageReaction): void {
    message.reactions = message.reactions.filter((each) => each !== reaction);
  }

  #emoji(emoji: string): Emoji {
    const name = /^:(\w+):$/.exec(emoji)?.[1];
    if (name === undefined) return { id: null, name: emoji };
    const id = this.#own.get(name) ?? this.world.ids.next();
    this.#own.set(name, id);
    return { id, name };
  }
}

/** The reactions of a message as REST and dispatches show them: how many, not whose. */
export function reactionPayloads({ reactions }: Message, botId: string): APIReaction[] {
  return reactions.map(({ emoji, users }) => ({
    emoji: { ...emoji },
    count: users.size,
    count_details: { burst: 0, normal: users.size },
    me: users.has(botId),
    me_burst: false,
    burst_colors: [],
  }));
}
