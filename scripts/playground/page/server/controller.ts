import { randomUUID } from "node:crypto";
import { ConvexHttpClient } from "convex/browser";
import { api } from "../../../../convex/_generated/api.js";
import type { AnswerFault } from "../../../stand_ins/wire.ts";
import type { Stack } from "../../../stand_ins/stack.ts";
import { BridgeControl } from "./bridge_control.ts";
import { ChatRoom } from "./chat_room.ts";
import type { Command, Place, PlatformName, PostFault, PlaygroundState } from "../protocol.ts";

/** What changed: the messages of one channel or thread, or anything else. */
export type PlaygroundChange = { readonly platform: PlatformName; readonly place: Place } | "state";

/** How often to poll the stand-in for typing indicators, in ms: it has no event for them. */
const TYPING_POLL_MS = 300;

/** Executes the page's commands on the stack: chats, the bridge, and faults to inject. Notifies listeners of changes. */
export class PlaygroundController {
  readonly rooms: Readonly<Record<PlatformName, ChatRoom>>;
  readonly bridge: BridgeControl;
  readonly #stack: Stack;
  readonly #ai: PlaygroundState["ai"];
  readonly #lobby: PlaygroundState["lobby"];
  readonly #app: PlaygroundState["app"];
  readonly #run = randomUUID();
  readonly #listeners = new Set<(change: PlaygroundChange) => void>();
  readonly #typingTimer: NodeJS.Timeout;
  #convexAway = false;

  private constructor(
    stack: Stack,
    { ai, app, lobby }: Pick<PlaygroundState, "ai" | "app" | "lobby">,
  ) {
    this.#stack = stack;
    this.#ai = ai;
    this.#app = app;
    this.#lobby = lobby;
    this.rooms = { discord: new ChatRoom(stack.discord), slack: new ChatRoom(stack.slack) };
    this.bridge = new BridgeControl(stack, () => this.#notify("state"));
    for (const room of Object.values(this.rooms)) {
      const { platform } = room.chat;
      room.chat.onChange(({ channel, thread }) => {
        this.#notify({ platform, place: { channel, thread } });
        // The channel shows its threads, and the thread may be new.
        if (thread !== undefined) this.#notify({ platform, place: { channel } });
        this.#notify("state");
      });
    }
    this.#typingTimer = this.#watchTyping();
  }

  /** Creates the lobby: a channel that is never mapped, so that the chat API is open to everybody. */
  static async open(
    stack: Stack,
    shown: Pick<PlaygroundState, "ai" | "app">,
  ): Promise<PlaygroundController> {
    const anonymous = new ConvexHttpClient(stack.convex.url, {
      skipConvexDeploymentUrlCheck: true,
      logger: false,
    });
    const channelId = await anonymous.mutation(api.index.createChannel, { name: "lobby" });
    const join = async (name: string) => ({
      id: await anonymous.mutation(api.index.createUser, { name }),
      name,
    });
    const people = [await join("Ann"), await join("Bob")];
    return new PlaygroundController(stack, { ...shown, lobby: { channelId, people } });
  }

  /** Adds a listener. Returns a function that removes it. */
  onChange(listener: (change: PlaygroundChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  state(): PlaygroundState {
    return {
      run: this.#run,
      convexUrl: this.#stack.convex.url,
      ai: this.#ai,
      bridge: this.bridge.state,
      convexAway: this.#convexAway,
      app: this.#app,
      lobby: this.#lobby,
      discord: this.rooms.discord.state(),
      slack: this.rooms.slack.state(),
    };
  }

  /** Executes a command. Returns the id of what was created, if anything. Throws errors to show to the person. */
  async execute(command: Command): Promise<string | undefined> {
    switch (command.kind) {
      case "say":
        return this.rooms[command.platform].say(command, command);
      case "edit":
        this.rooms[command.platform].edit(command, command.id, command.text);
        return undefined;
      case "remove":
        this.rooms[command.platform].remove(command, command.id);
        return undefined;
      case "react":
        this.rooms[command.platform].react(command, command);
        return undefined;
      case "openThread":
        return this.#notifyAndReturn(
          this.rooms[command.platform].openThread(command.channel, command.id),
        );
      case "addChannel":
        return this.#notifyAndReturn(
          this.rooms[command.platform].addChannel(checkName(command.name)),
        );
      case "addPerson":
        return this.#notifyAndReturn(
          this.rooms[command.platform].addPerson(checkName(command.name)),
        );
      case "failNextPost":
        this.#failNextPost(command.platform, command.fault);
        return undefined;
      case "cutConnections":
        if (command.platform === "discord") this.#stack.discord.closeGateway(1006);
        else this.#stack.slack.closeSockets();
        return undefined;
      case "convexAway":
        await (command.away ? this.#stack.convex.faults.away() : this.#stack.convex.faults.back());
        this.#convexAway = command.away;
        this.#notify("state");
        return undefined;
      case "killBridge":
        await this.bridge.kill();
        return undefined;
      case "startBridge":
        await this.bridge.start();
        return undefined;
    }
  }

  /** Stops polling and notifying. */
  close(): void {
    clearInterval(this.#typingTimer);
    this.#listeners.clear();
  }

  #failNextPost(platform: PlatformName, fault: PostFault): void {
    if (platform === "discord") {
      this.#stack.discord.answerNext("POST channels/:id/messages", POST_FAULTS.discord[fault]);
    } else {
      this.#stack.slack.answerNext("chat.postMessage", POST_FAULTS.slack[fault]);
    }
  }

  #notifyAndReturn(id: string): string {
    this.#notify("state");
    return id;
  }

  #notify(change: PlaygroundChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #watchTyping(): NodeJS.Timeout {
    let seen = 0;
    let wasTyping = false;
    const poll = () => {
      const fresh = this.#stack.discord.typing.slice(seen);
      seen += fresh.length;
      for (const place of fresh) this.rooms.discord.markTyping(place);
      const isTyping = this.rooms.discord.state().typing.length > 0;
      if (fresh.length > 0 || isTyping !== wasTyping) this.#notify("state");
      wasTyping = isTyping;
    };
    return setInterval(poll, TYPING_POLL_MS).unref();
  }
}

const common = {
  limited: { retryAfter: 5 },
  failed: 500,
  lostAnswer: "500AfterAccept",
} as const satisfies Record<Exclude<PostFault, "refused">, AnswerFault>;

/** `refused`: Discord's "Missing Permissions", and Slack's error for an app that was removed from the channel. */
const POST_FAULTS: Readonly<Record<PlatformName, Readonly<Record<PostFault, AnswerFault>>>> = {
  discord: { ...common, refused: { error: "50013" } },
  slack: { ...common, refused: { error: "not_in_channel" } },
};

function checkName(name: string): string {
  const trimmed = name.trim();
  if (trimmed === "" || trimmed.length > 80) throw new Error("A name has 1 to 80 characters.");
  return trimmed;
}
