import { GatewayCloseCodes, type APIEmbed } from "discord-api-types/v10";
import type {
  AcceptedPost,
  ChatChange,
  ChatStandIn,
  PersonAct,
  Place,
  VisibleMessage,
} from "../chat.ts";
import {
  listen,
  Listeners,
  Wire,
  type AnswerFault,
  type FrameFault,
  type Listening,
} from "../wire.ts";
import { newToken, placeOf, type Backend, type Credentials } from "./backend.ts";
import { Gateway } from "./gateway/gateway.ts";
import { GuildChanges } from "./world/guild_changes.ts";
import { Lookup } from "./world/lookup.ts";
import { mentionsIn } from "./world/mentions.ts";
import type { Channel, Denied, Message } from "./world/model.ts";
import { NonceBook } from "./rest/nonces.ts";
import type { DiscordOptions, DiscordNewMessage } from "./options.ts";
import { Rest } from "./rest/rest.ts";
import type { CDN_ROUTE } from "./cdn/cdn.ts";
import type { RouteName } from "./rest/routes.ts";
import { Reactions } from "./world/reactions.ts";
import { draftOf, find } from "./world/draft.ts";
import { changesOf, isChatMessage, visibleMessage } from "./world/visible.ts";
import { World } from "./world/world.ts";

export type { DiscordOptions, DiscordNewMessage };

/** Starts a Discord stand-in on a free loopback port. */
export async function startDiscordStandIn(options: DiscordOptions = {}): Promise<DiscordStandIn> {
  const wire = new Wire();
  const world = new World(wire);
  const credentials = { token: newToken(world.bot.id) };
  const messageContentIntent = options.messageContentIntent ?? true;
  const gateway = new Gateway(world, wire, {
    credentials,
    messageContentIntent,
    heartbeatMs: options.heartbeatMs ?? 41_250,
    sessionLifeMs: options.sessionLifeMs ?? 120_000,
  });
  const backend: Backend = {
    world,
    messageContentIntent,
    isInvited: options.isInvited ?? true,
    nonces: new NonceBook(options.nonceWindowMs),
    posts: [],
    typing: [],
    gatewayUrl: () => gateway.url,
    identifiesLeft: () => gateway.identifiesLeft,
  };
  const rest = new Rest(backend, wire, credentials, options.rateLimits ?? "real");
  const server = await listen(wire, async (...args) => {
    if (!world.cdn.handle(...args)) await rest.handle(...args);
  });
  world.cdn.serveAt(`http://127.0.0.1:${server.port}`);
  gateway.attach(server.server);
  return new DiscordStandIn({ wire, backend, gateway, server, credentials });
}

interface Parts {
  readonly wire: Wire;
  readonly backend: Backend;
  readonly gateway: Gateway;
  readonly server: Listening;
  readonly credentials: Credentials;
}

/**
 * Imitates Discord for stock clients: one guild, the REST routes of rest/routes.ts with rate limits, nonces, permissions
 * and Discord's error codes, and a gateway with intents, heartbeats, resume and close codes. The caller acts for people.
 * Refuses every other route, body field, opcode and encoding with 501 or a close code, and records it in `refused`.
 * Leaves out shards, compression, members and presence events, direct messages, the bot's reactions, voice and slash
 * commands. Serves the files of messages too. State is in memory.
 */
export class DiscordStandIn implements ChatStandIn {
  readonly platform = "discord";
  readonly env: Readonly<Record<string, string>>;
  readonly history: PersonAct[] = [];
  readonly #changes = new Listeners<ChatChange>();
  readonly #world: World;
  readonly #lookup: Lookup;
  readonly guild: GuildChanges;
  readonly reactions: Reactions;

  /** Created by `startDiscordStandIn`. */
  constructor(private readonly parts: Parts) {
    this.#world = parts.backend.world;
    this.#lookup = new Lookup(this.#world);
    this.guild = new GuildChanges(this.#world, this.#lookup);
    this.reactions = new Reactions(this.#world, this.#lookup);
    this.env = {
      DISCORD_BOT_TOKEN: parts.credentials.token,
      DISCORD_API_URL: `http://127.0.0.1:${parts.server.port}/api`,
    };
    this.#world.events.add((event) => {
      for (const change of changesOf(this.#world, event)) this.#changes.emit(change);
    });
  }
  get botId(): string {
    return this.#world.bot.id;
  }
  get guildId(): string {
    return this.#world.guild.id;
  }
  get wire(): Wire["entries"] {
    return this.parts.wire.entries;
  }
  /** Requests for something the stand-in doesn't implement. */
  get refused(): Wire["refused"] {
    return this.parts.wire.refused;
  }
  get posts(): readonly AcceptedPost[] {
    return this.parts.backend.posts;
  }
  /** The places where the bot showed a typing indicator, in order. */
  get typing(): readonly Place[] {
    return this.parts.backend.typing;
  }
  addChannel(name: string): string {
    return this.#world.addChannel(name).id;
  }
  addPerson(name: string, nick: string | null = null): string {
    return this.#world.addUser("person", name, nick).id;
  }
  /** Adds another bot, which posts with `say`; returns its user id. */
  addBot(name: string): string {
    return this.#world.addUser("app", name).id;
  }
  /** Adds a webhook, which posts with `say`; returns its id. */
  addWebhook(name: string): string {
    return this.#world.addUser("webhook", name).id;
  }
  addRole(name: string): string {
    return this.#world.addRole(name).id;
  }
  say(draft: DiscordNewMessage): string {
    const author = this.#lookup.user(draft.person);
    const channel = this.#lookup.place(draft);
    const message = this.#world.post(draftOf(this.#world, author, channel, draft));
    this.history.push({
      kind: "say",
      ...placeOf(channel),
      id: message.id,
      person: author.id,
      text: message.content,
      at: Date.now(),
      ...(draft.replyTo === undefined ? {} : { replyTo: draft.replyTo }),
    });
    return message.id;
  }
  edit(change: Place & { readonly id: string; readonly text: string }): void {
    const channel = this.#lookup.place(change);
    const message = find(channel, change.id);
    const content = change.text.trim();
    this.#world.edit(message, { content, mentions: mentionsIn(content) });
    this.#record({ kind: "edit", text: content }, channel, message);
  }
  remove(at: Place & { readonly id: string }): void {
    const channel = this.#lookup.place(at);
    const message = find(channel, at.id);
    this.#world.remove(message);
    this.#record({ kind: "delete" }, channel, message);
  }
  /** A moderator deletes several messages at once. */
  removeMany(at: Place & { readonly ids: readonly string[] }): void {
    const channel = this.#lookup.place(at);
    const messages = at.ids.map((id) => find(channel, id));
    this.#world.removeMany(channel, messages);
    for (const message of messages) this.#record({ kind: "delete" }, channel, message);
  }
  /** Adds a link preview, as Discord does: an update of the message that is not an edit. */
  unfurl(at: Place & { readonly id: string; readonly embed: APIEmbed }): void {
    this.#world.unfurl(find(this.#lookup.place(at), at.id), at.embed);
  }

  openThread(on: { readonly channel: string; readonly id: string; readonly name: string }): string {
    const channel = this.#lookup.channel(on.channel);
    const message = find(channel, on.id);
    if (this.#world.threads.has(message.id)) throw new Error("the message has a thread");
    const owner = message.author.kind === "person" ? message.author : this.#world.owner;
    return this.#world.openThread(message, channel, on.name, owner).id;
  }
  /** Adds a forum, a channel of posts; returns its id. */
  addForum(name: string): string {
    return this.#world.addChannel(name, { forum: true }).id;
  }
  /** Opens a post in a forum for a person. Returns the id of its thread, which is also that of its first message. */
  openPost(post: { channel: string; person: string; name: string; text: string }): string {
    const { channel, person, name, text } = post;
    const author = this.#lookup.user(person);
    const thread = this.#world.openPost(this.#lookup.channel(channel), name, author, text);
    const { id } = thread;
    this.history.push({ kind: "say", ...placeOf(thread), id, person, text, at: Date.now() });
    return id;
  }
  setArchived(thread: string, archived: boolean): void {
    this.#world.setArchived(this.#lookup.thread(thread), archived);
  }
  /** Locks a thread: only moderators may post in it, and the bot is not one. */
  lockThread(thread: string): void {
    const found = this.#lookup.thread(thread);
    found.locked = true;
    this.#world.setArchived(found, found.archived);
  }
  /** Deletes a thread with its messages. Discord sends no events for the messages. */
  removeThread(thread: string): void {
    const removed = this.#lookup.thread(thread);
    this.#world.removeThread(removed);
    for (const message of removed.messages.oldestFirst().filter(isChatMessage))
      this.#record({ kind: "delete" }, removed, message);
  }
  renameChannel(channel: string, name: string): void {
    this.#world.renameChannel(this.#lookup.channel(channel), name);
  }
  removeChannel(channel: string): void {
    this.#world.removeChannel(this.#lookup.channel(channel));
  }
  /** Replaces the permissions the bot is denied in a channel and its threads; `{}` denies none. */
  deny(channel: string, denied: Denied): void {
    this.#world.deny(this.#lookup.channel(channel), denied);
  }
  transcript(channel: string, thread?: string): VisibleMessage[] {
    const place = this.#lookup.place(thread === undefined ? { channel } : { channel, thread });
    return place.messages
      .oldestFirst()
      .filter(isChatMessage)
      .map((message) => visibleMessage(this.#world, message));
  }
  onChange(listener: (change: ChatChange) => void): () => void {
    return this.#changes.add(listener);
  }
  connections(): number {
    return this.parts.gateway.connections;
  }
  mention(userId: string): string {
    return `<@${userId}>`;
  }
  /** Faults of any request or frame: storms, actions triggered by one of them, and their log. */
  get faults(): Pick<Wire, "storm" | "at" | "onEntry"> {
    return this.parts.wire;
  }
  /** What to do with the next gateway frame of this name (`MESSAGE_CREATE`, …) instead of sending it. */
  frameNext(name: string, fault: FrameFault): void {
    this.parts.wire.frameNext(name, fault);
  }
  /** What to do with the next request to a route instead of answering it. Several faults apply in order. */
  answerNext(route: RouteName | typeof CDN_ROUTE, fault: AnswerFault): void {
    this.parts.wire.answerNext(route, fault);
  }
  /** Sends every session a dispatch as it is, such as no real one. */
  readonly sendDispatch: Gateway["sendDispatch"] = (...args) =>
    this.parts.gateway.sendDispatch(...args);
  /** Closes every gateway socket with a code; 1006 breaks the connection without a close frame. */
  closeGateway(code: number): void {
    this.parts.gateway.closeAll(code);
  }
  /** Answers the next resume with Invalid Session: the client must identify, and nothing is replayed. */
  refuseResume(): void {
    this.parts.gateway.refuseResume();
  }
  /** Sends Invalid Session to every connected session. */
  invalidateSessions(resumable: boolean): void {
    this.parts.gateway.invalidate(resumable);
  }
  /** Asks every client to reconnect and resume. */
  askToReconnect(): void {
    this.parts.gateway.askToReconnect();
  }
  /** Resets the token: the one in `env` is refused from now on, and sessions end with 4004. */
  resetToken(): void {
    this.parts.credentials.token = newToken(this.botId);
    this.parts.gateway.closeAll(GatewayCloseCodes.AuthenticationFailed);
  }
  /** Forgets all nonces, as Discord does after some minutes. */
  forgetNonces(): void {
    this.parts.backend.nonces.forget();
  }
  async stop(): Promise<void> {
    this.parts.gateway.stop();
    await this.parts.server.close();
  }

  #record(
    act: { kind: "edit"; text: string } | { kind: "delete" },
    channel: Channel,
    message: Message,
  ): void {
    const { author } = message;
    // A moderator deletes the bot's posts.
    const person = author.kind === "self" ? this.#world.owner.id : author.id;
    this.history.push({ ...act, ...placeOf(channel), id: message.id, person, at: Date.now() });
  }
}
