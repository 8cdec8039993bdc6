import {
  type ChatMessage,
  type Command,
  type Frame,
  type Place,
  placeKey,
  type PlatformName,
  type Stage,
  vFrame,
} from "../protocol.ts";

/** What the playground's server told so far. A new object after every change. */
export interface LiveState {
  readonly connected: boolean;
  readonly stage: Stage | undefined;
  readonly said: ReadonlyMap<string, readonly ChatMessage[]>;
}

interface Asker {
  readonly resolve: (value: string | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** How long to wait before the server is tried again, in ms. */
const RECONNECT_MS = 700;

/** The page's line to the playground's server: what it tells, and what the page asks of it. */
export class Live {
  #state: LiveState = { connected: false, stage: undefined, said: new Map() };
  #socket: WebSocket | undefined;
  #n = 0;
  readonly #askers = new Map<number, Asker>();
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

  readonly state = (): LiveState => this.#state;

  /** Rejects with the reason when the platform, or the playground, refuses. */
  readonly ask = async (command: Command): Promise<string | undefined> => {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) throw new Error("The playground does not answer.");
    const n = ++this.#n;
    return await new Promise((resolve, reject) => {
      this.#askers.set(n, { resolve, reject });
      socket.send(JSON.stringify({ n, command }));
    });
  };

  #connect(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#set({ connected: true }));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#take(vFrame.parse(JSON.parse(data)));
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.#askers.values()) reject(new Error("The playground is gone."));
      this.#askers.clear();
      this.#set({ connected: false });
      setTimeout(() => this.#connect(), RECONNECT_MS);
    });
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case "stage":
        this.#set({ stage: frame.stage });
        break;
      case "said": {
        const said = new Map(this.#state.said);
        this.#set({ said: said.set(placeKey(frame.platform, frame), frame.messages) });
        break;
      }
      case "answer": {
        const asker = this.#askers.get(frame.n);
        this.#askers.delete(frame.n);
        if (frame.error === undefined) asker?.resolve(frame.value);
        else asker?.reject(new Error(frame.error));
        break;
      }
    }
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** What was said in a place, oldest first. */
export function saidIn(
  said: LiveState["said"],
  platform: PlatformName,
  place: Place,
): readonly ChatMessage[] {
  return said.get(placeKey(platform, place)) ?? [];
}
