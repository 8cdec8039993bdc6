import { ConvexHttpClient } from "convex/browser";
import { api } from "../../../../convex/_generated/api.js";
import type { AnswerFault } from "../../../stand_ins/wire.ts";
import type { Stack } from "../../../stand_ins/stack.ts";
import { BridgeControl } from "./bridge_control.ts";
import { ChatRoom } from "./chat_room.ts";
import type { Command, Place, PlatformName, PostFault, PlaygroundState } from "../protocol.ts";

/** What changed: what was said in one place, or anything else. */
export type PlaygroundChange = { readonly platform: PlatformName; readonly place: Place } | "state";

/** How often the bot's signs of typing are looked for, in ms: the stand-in tells nobody of them. */
const TYPING_EVERY_MS = 300;

/** The whole stack as the page plays on it: both chats, the bridge, and what can be broken. */
export class PlaygroundController {
  readonly rooms: Readonly<Record<PlatformName, ChatRoom>>;
  readonly bridge: BridgeControl;
  readonly #stack: Stack;
  readonly #ai: PlaygroundState["ai"];
  readonly #lobby: PlaygroundState["lobby"];
  readonly #listeners = new Set<(change: PlaygroundChange) => void>();
  readonly #typingTimer: NodeJS.Timeout;
  #convexAway = false;

  private constructor(stack: Stack, ai: PlaygroundState["ai"], lobby: PlaygroundState["lobby"]) {
    this.#stack = stack;
    this.#ai = ai;
    this.#lobby = lobby;
    this.rooms = {
      discord: new ChatRoom(stack.discord, "Bridge"),
      slack: new ChatRoom(stack.slack, "bridge"),
    };
    this.bridge = new BridgeControl(stack, () => this.#notify("state"));
    for (const room of Object.values(this.rooms)) {
      const { platform } = room.chat;
      room.chat.onChange(({ channel, thread }) => {
        this.#notify({ platform, place: { channel, thread } });
        // A thread shows in its channel too, and may be new.
        if (thread !== undefined) this.#notify({ platform, place: { channel } });
        this.#notify("state");
      });
    }
    this.#typingTimer = this.#watchTyping();
  }

  /** Makes the lobby: a channel of the chat API that nobody maps, so it is open to everybody. */
  static async open(stack: Stack, ai: PlaygroundState["ai"]): Promise<PlaygroundController> {
    const nobody = new ConvexHttpClient(stack.convex.url, {
      skipConvexDeploymentUrlCheck: true,
      logger: false,
    });
    const channelId = await nobody.mutation(api.index.createChannel, { name: "lobby" });
    const join = async (name: string) => ({
      id: await nobody.mutation(api.index.createUser, { name }),
      name,
    });
    const people = [await join("Ann"), await join("Bob")];
    return new PlaygroundController(stack, ai, { channelId, people });
  }

  onChange(listener: (change: PlaygroundChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  state(): PlaygroundState {
    return {
      convexUrl: this.#stack.convex.url,
      ai: this.#ai,
      bridge: this.bridge.state,
      convexAway: this.#convexAway,
      lobby: this.#lobby,
      discord: this.rooms.discord.side(),
      slack: this.rooms.slack.side(),
    };
  }

  /** Carries out what the page asks. Returns the id of what was made, if anything was. Throws what people should read. */
  async execute(command: Command): Promise<string | undefined> {
    switch (command.kind) {
      case "say":
        return this.rooms[command.platform].say(command, command.person, command.text);
      case "edit":
        this.rooms[command.platform].edit(command, command.id, command.text);
        return undefined;
      case "remove":
        this.rooms[command.platform].remove(command, command.id);
        return undefined;
      case "openThread":
        return this.#notifyAndReturn(
          this.rooms[command.platform].openThread(command.channel, command.id),
        );
      case "addChannel":
        return this.#notifyAndReturn(this.rooms[command.platform].addChannel(named(command.name)));
      case "addPerson":
        return this.#notifyAndReturn(this.rooms[command.platform].addPerson(named(command.name)));
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
    const look = () => {
      const fresh = this.#stack.discord.typing.slice(seen);
      seen += fresh.length;
      for (const place of fresh) this.rooms.discord.markTyping(place);
      const isTyping = this.rooms.discord.side().typing.length > 0;
      if (fresh.length > 0 || isTyping !== wasTyping) this.#notify("state");
      wasTyping = isTyping;
    };
    return setInterval(look, TYPING_EVERY_MS).unref();
  }
}

const common = {
  limited: { retryAfter: 5 },
  failed: 500,
  lostAnswer: "500AfterAccept",
} as const satisfies Record<Exclude<PostFault, "refused">, AnswerFault>;

/** `refused`: Discord's "Missing Permissions", Slack's answer to an app that was taken out of the channel. */
const POST_FAULTS: Readonly<Record<PlatformName, Readonly<Record<PostFault, AnswerFault>>>> = {
  discord: { ...common, refused: { error: "50013" } },
  slack: { ...common, refused: { error: "not_in_channel" } },
};

function named(name: string): string {
  const trimmed = name.trim();
  if (trimmed === "" || trimmed.length > 80) throw new Error("A name has 1 to 80 characters.");
  return trimmed;
}
