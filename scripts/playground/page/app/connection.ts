import {
  type ChatMessage,
  type Command,
  type Frame,
  type Place,
  placeKey,
  type PlatformName,
  type PlaygroundState,
  vFrame,
} from "../protocol.ts";

/** The state that the playground's server has sent. A new object after every change. */
export interface ConnectionState {
  readonly connected: boolean;
  readonly playground: PlaygroundState | undefined;
  readonly messages: ReadonlyMap<string, readonly ChatMessage[]>;
}

interface PendingRequest {
  readonly resolve: (value: string | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** How long to wait before reconnecting, in ms. */
const RECONNECT_MS = 700;

/** The page's connection to the playground's server, which it reopens when it closes. */
export class ServerConnection {
  #state: ConnectionState = { connected: false, playground: undefined, messages: new Map() };
  #socket: WebSocket | undefined;
  #n = 0;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #listeners = new Set<() => void>();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
    this.#connect();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  readonly state = (): ConnectionState => this.#state;

  /** Sends a command. Rejects with the reason if the platform or the playground refuses it. */
  readonly send = async (command: Command): Promise<string | undefined> => {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) throw new Error("The playground is not connected.");
    const n = ++this.#n;
    return await new Promise((resolve, reject) => {
      this.#pending.set(n, { resolve, reject });
      socket.send(JSON.stringify({ n, command }));
    });
  };

  #connect(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#set({ connected: true }));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#apply(vFrame.parse(JSON.parse(data)));
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.#pending.values())
        reject(new Error("The connection to the playground was lost."));
      this.#pending.clear();
      this.#set({ connected: false });
      setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #apply(frame: Frame): void {
    switch (frame.type) {
      case "state":
        // Restarted: its page may be another, and this one may not connect to its deployment.
        if (frame.state.run !== (this.#state.playground?.run ?? frame.state.run)) location.reload();
        else this.#set({ playground: frame.state });
        break;
      case "messages": {
        const messages = new Map(this.#state.messages);
        this.#set({ messages: messages.set(placeKey(frame.platform, frame), frame.messages) });
        break;
      }
      case "answer": {
        const request = this.#pending.get(frame.n);
        this.#pending.delete(frame.n);
        if (frame.error === undefined) request?.resolve(frame.value);
        else request?.reject(new Error(frame.error));
        break;
      }
    }
  }

  #set(change: Partial<ConnectionState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The messages of a channel or thread, oldest first. */
export function messagesIn(
  messages: ConnectionState["messages"],
  platform: PlatformName,
  place: Place,
): readonly ChatMessage[] {
  return messages.get(placeKey(platform, place)) ?? [];
}
