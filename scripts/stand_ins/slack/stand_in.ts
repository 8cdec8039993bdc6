import { randomUUID } from "node:crypto";
import type { AcceptedPost, ChatStandIn, NewMessage } from "../chat.ts";
import { fileServer } from "./files/file_server.ts";
import { type AnswerFault, type FrameFault, listen, Wire, type WireEntry } from "../wire.ts";
import { type AppIdentity, eventPayload, eventsOf, type Subscription } from "./socket/events.ts";
import type { Params } from "./web_api/params.ts";
import { type PostLimit, PostLimiter } from "./web_api/post_limit.ts";
import { type AbandonedEvent, type AckedEvent, SocketMode } from "./socket/socket_mode.ts";
import { pingsOf, shownText } from "./workspace/text.ts";
import { webApi } from "./web_api/web_api.ts";
import { People } from "./workspace/people.ts";
import { type Channel, type Message, type SharedFile, Workspace } from "./workspace/workspace.ts";

export interface SlackStandInOptions {
  /** ms between an attempt that failed and the next. Slack's and the default: at once, 1 min, 5 min. */
  readonly redeliverAfterMs?: readonly number[];
  /** ms within which an event must be acknowledged. Slack's and the default: 3,000. */
  readonly ackWithinMs?: number;
  /** ms between WebSocket pings. Default 10,000. */
  readonly pingEveryMs?: number;
  /** Seeds the choice of the socket an event goes to. */
  readonly seed?: number;
  /** Default: messages of public and of private channels, and reactions. */
  readonly subscriptions?: readonly Subscription[];
  /** The bot token's scopes. Default: all that the implemented methods need. */
  readonly scopes?: readonly string[];
  /** Whether a post's name and picture are left out, not refused, without the scope for them. Default false. */
  readonly ignoresPersonas?: boolean;
  /** The most messages in a page of history. Slack allows some apps 15, and others the default. */
  readonly historyPage?: number;
  /** How many posts a channel takes. Default: any number. */
  readonly postLimit?: PostLimit;
  /** How long after its upload a file can't be shown in blocks yet, in ms. Default 0. */
  readonly fileReadyMs?: number;
  /** How many edits the workspace takes; Slack's tier 3 is 50 a minute. Default: any number. */
  readonly updateLimit?: PostLimit;
  /** The clock from which timestamps are generated, in ms since 1970. */
  readonly now?: () => number;
}

export interface SlackStandIn extends ChatStandIn {
  readonly platform: "slack";
  readonly teamId: string;
  readonly appId: string;
  /** The app's bot id (`B…`). */
  readonly botProfileId: string;
  readonly wire: readonly WireEntry[];
  /** Every request for something the stand-in doesn't implement. Tests assert that it is empty. */
  readonly refused: readonly string[];
  readonly acks: readonly AckedEvent[];
  readonly abandoned: readonly AbandonedEvent[];
  /** The number of events neither acknowledged nor abandoned yet. */
  undelivered(): number;
  addChannel(name: string, options?: { readonly isPrivate?: boolean }): string;
  /** Adds another app's bot, which posts with `say`; returns its user id. */
  addApp(name: string): string;
  /** Adds a file that `say` can share; returns its id. */
  addFile(file: Omit<SharedFile, "id">): string;
  /** `broadcast`: a thread reply also sent to the channel. `file`: shares one; `files`: adds and shares some. */
  say(message: NewMessage & { readonly broadcast?: boolean; readonly file?: string }): string;
  /** Adds a link preview, as Slack does: a changed message that nobody edited. */
  unfurl(message: { readonly channel: string; readonly id: string; readonly url: string }): void;
  /** Sends the app an event that no other method causes (`channel_rename`, `channel_archive`, …). */
  sendEvent(event: Readonly<Record<string, unknown>> & { readonly type: string }): void;
  /** Sends the oldest socket a frame as it is, such as no real one. */
  sendFrame(frame: string): void;
  /** Gives a channel a new id and returns it. The caller sends `channel_id_changed`. */
  moveChannel(channel: string): string;
  /** What the app says that it is doing in a thread, if anything. */
  statusIn(channel: string, thread: string): string | undefined;
  /** Returns the id of a new user group. */
  addUserGroup(handle: string): string;
  /** Changes a person's name and sends `user_change`. */
  renamePerson(person: string, name: string): void;
  /** Gives the bot token a scope or takes it away, as when the app is installed again. */
  setScope(scope: string, isGranted: boolean): void;
  /** Adds the bot to a channel, or removes it. */
  setBotMember(channel: string, isMember: boolean): void;
  setArchived(channel: string, archived: boolean): void;
  /** Deletes a channel with its messages and sends `channel_deleted`. */
  removeChannel(channel: string): void;
  /** What to do with the next request of a Web API method instead of answering it. */
  answerNext(method: string, fault: AnswerFault): void;
  /** What to do with the next socket frame of this name (`events_api`, `hello`, …) instead of sending it. */
  frameNext(name: string, fault: FrameFault): void;
  /** Faults of any request or frame: storms, actions triggered by one of them, and their log. */
  readonly faults: Pick<Wire, "storm" | "at" | "onEntry">;
  /** Makes `count` sockets without a client count as open and receive events. */
  setGhostSockets(count: number): void;
  /** Holds events until `release`, which sends them in order. */
  hold(): void;
  release(): void;
  /** Asks every socket to reconnect, as Slack does every few hours. */
  recycleSockets(reason?: "warning" | "refresh_requested" | "link_disabled"): void;
  /** Breaks every socket without a close frame. */
  closeSockets(): void;
  /** Breaks the oldest socket. */
  closeOldestSocket(): void;
  /** Stops reading from the open sockets: their clients get no pong, and acknowledgements do not arrive. */
  stopReadingSockets(): void;
}

const ALL_SCOPES = [
  ...["channels:history", "channels:read", "chat:write", "chat:write.customize", "files:read"],
  "files:write",
  ...["groups:history", "groups:read", "reactions:read", "usergroups:read", "users:read"],
];

/**
 * Imitates Slack for stock clients, on a free loopback port: one workspace with one app and its bot, the Web API methods
 * of web_api/ with scopes, cursors and Slack's error names, and Socket Mode with tickets, acknowledgements within 3 s,
 * three retries and recycled sockets. The caller acts for people.
 *
 * Refuses every other method, argument and frame, and records it in `refused`; tests assert that the list is empty.
 *
 * Leaves out rate limits (but for `postLimit`, `updateLimit` and those that a fault injects), direct messages, interactivity, the bot's reactions, OAuth and more
 * than one workspace. State is in memory.
 */
export async function startSlackStandIn(options: SlackStandInOptions = {}): Promise<SlackStandIn> {
  const now = options.now ?? Date.now;
  const wire = new Wire();
  const workspace = new Workspace(now, options.fileReadyMs);
  const app = { appId: workspace.newId("A"), botId: workspace.newId("B") };
  const bot = workspace.addMember("bridge", app);
  const identity: AppIdentity = {
    teamId: workspace.newId("T"),
    appId: app.appId,
    botId: bot.id,
    botProfileId: app.botId,
  };
  const socketMode = new SocketMode(wire, {
    ackWithinMs: options.ackWithinMs ?? 3_000,
    redeliverAfterMs: options.redeliverAfterMs ?? [0, 60_000, 300_000],
    pingEveryMs: options.pingEveryMs ?? 10_000,
    seed: options.seed ?? 1,
    appId: app.appId,
  });
  const posts: AcceptedPost[] = [];
  const botToken = `xoxb-playground-${randomUUID()}`;
  const appToken = `xapp-playground-${randomUUID()}`;
  const backend = {
    workspace,
    app: identity,
    bot,
    botToken,
    appToken,
    scopes: [...(options.scopes ?? ALL_SCOPES)],
    ignoresPersonas: options.ignoresPersonas ?? false,
    historyPage: options.historyPage ?? 1_000,
    postLimiter: new PostLimiter(options.postLimit),
    updateLimiter: new PostLimiter(options.updateLimit),
    socketMode,
    socketUrl: (): string => `ws://127.0.0.1:${listening.port}/link/`,
    wire,
    now,
    posted: (channel: Channel, message: Message, params: Params): void => {
      posts.push(acceptedPost(channel, message, params, now()));
    },
  };
  const serveFiles = fileServer(backend);
  const api = webApi(backend);
  const listening = await listen(wire, async (...args) => {
    if (!(await serveFiles(...args))) await api(...args);
  });
  workspace.fileOrigin = `http://127.0.0.1:${listening.port}`;
  listening.server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    socketMode.upgrade(request, socket, head);
  });

  const subscriptions = new Set<Subscription>(
    options.subscriptions ?? [
      ...(["message.channels", "message.groups", "reaction_added", "reaction_removed"] as const),
    ],
  );
  let events = 0;
  const sendEvent = (event: Readonly<Record<string, unknown>>) => {
    events += 1;
    const eventId = `Ev0PG${events.toString(36).toUpperCase().padStart(7, "0")}`;
    socketMode.send(eventId, eventPayload(event, eventId, Math.floor(now() / 1000), identity));
  };
  workspace.changes.add((change) => {
    // Slack lets no app subscribe to reactions without the scope.
    if (change.kind === "reacted" && !backend.scopes.includes("reactions:read")) return;
    eventsOf(change, identity, subscriptions).forEach(sendEvent);
  });
  const people = new People(workspace, bot, now);

  return {
    platform: "slack",
    env: {
      SLACK_BOT_TOKEN: botToken,
      SLACK_APP_TOKEN: appToken,
      SLACK_API_URL: `http://127.0.0.1:${listening.port}/api/`,
    },
    botId: bot.id,
    ...{ teamId: identity.teamId, appId: app.appId, botProfileId: app.botId },
    posts,
    history: people.history,
    wire: wire.entries,
    refused: wire.refused,
    acks: socketMode.acks,
    abandoned: socketMode.abandoned,
    undelivered: () => socketMode.undelivered(),
    addChannel: (name, { isPrivate = false } = {}) => workspace.addChannel(name, isPrivate).id,
    statusIn: (channel, thread) => {
      const shown = people.channel(channel).statuses.get(thread);
      return shown && shown.until > now() ? shown.status : undefined;
    },
    addUserGroup: (handle) => workspace.addUserGroup(handle),
    addPerson: (name) => workspace.addMember(name).id,
    addApp: (name) =>
      workspace.addMember(name, { appId: workspace.newId("A"), botId: workspace.newId("B") }).id,
    addFile: (file) => workspace.addFile(file).id,
    say: (message) => people.say(message),
    edit: (message) => people.edit(message),
    remove: (message) => people.remove(message),
    reactions: {
      add: (act) => people.react(act, true),
      remove: (act) => people.react(act, false),
    },
    unfurl: (message) => people.unfurl(message),
    openThread: ({ channel, id }) => people.message(channel, id).ts,
    transcript: (channel, thread) => people.transcript(channel, thread),
    onChange: (listener) => people.changes.add(listener),
    sendEvent,
    sendFrame: (frame) => socketMode.sendFrame(frame),
    moveChannel: (channel) => workspace.moveChannel(people.channel(channel)).id,
    renamePerson: (person, name) => {
      workspace.renameMember(person, name);
      sendEvent({ type: "user_change", user: { id: person, team_id: identity.teamId, name } });
    },
    setScope: (scope, isGranted) => {
      backend.scopes = backend.scopes.filter((other) => other !== scope);
      if (isGranted) backend.scopes.push(scope);
    },
    setBotMember: (channel, isMember) => {
      people.channel(channel).botIsMember = isMember;
    },
    setArchived: (channel, archived) => {
      people.channel(channel).archived = archived;
    },
    removeChannel: (channel) => {
      workspace.channels.delete(channel);
      sendEvent({ type: "channel_deleted", channel });
    },
    connections: () => socketMode.connections(),
    mention: (userId) => `<@${userId}>`,
    answerNext: (method, fault) => wire.answerNext(method, fault),
    frameNext: (name, fault) => wire.frameNext(name, fault),
    faults: wire,
    setGhostSockets: (count) => socketMode.setGhosts(count),
    hold: () => socketMode.hold(),
    release: () => socketMode.release(),
    recycleSockets: (reason = "refresh_requested") => socketMode.recycle(reason),
    closeSockets: () => socketMode.closeAll(),
    closeOldestSocket: () => socketMode.closeOldest(),
    stopReadingSockets: () => socketMode.stopReading(),
    stop: async () => {
      socketMode.stop();
      await listening.close();
    },
  };
}

function acceptedPost(
  channel: Channel,
  message: Message,
  params: Params,
  at: number,
): AcceptedPost {
  const linksNames = params.parse === "full" || "link_names" in params;
  return {
    id: message.ts,
    channel: channel.id,
    ...(message.threadTs !== undefined && { thread: message.threadTs }),
    text: shownText(message),
    at,
    ...(message.clientMsgId !== undefined && { nonce: message.clientMsgId }),
    ...(message.metadata !== undefined && { metadata: message.metadata }),
    ...(message.persona && { persona: message.persona }),
    pings: pingsOf(message, linksNames),
    body: { ...params, ...(message.blocks && { blocks: message.blocks }) },
  };
}
