import type { BridgeProcess } from "../../../stand_ins/bridge_process.ts";
import type { Stack } from "../../../stand_ins/stack.ts";

/** The playground's one bridge, which people may kill and start again. */
export class BridgeControl {
  state: "running" | "starting" | "stopped" = "stopped";
  readonly #stack: Stack;
  readonly #changed: () => void;
  #process: BridgeProcess | undefined;

  constructor(stack: Stack, changed: () => void) {
    this.#stack = stack;
    this.#changed = changed;
  }

  /** Resolves once it is connected. Throws while one runs, and when it can't start. */
  async start(): Promise<void> {
    if (this.state !== "stopped") throw new Error(`the bridge is ${this.state}`);
    this.#set("starting");
    try {
      const process = await this.#stack.startBridge();
      this.#process = process;
      this.#set("running");
      void process.ended.then(() => {
        if (this.#process === process) this.#set("stopped");
      });
    } catch (error) {
      this.#set("stopped");
      // The rest of the message is the bridge's log.
      throw new Error(String(error).split("\n", 1)[0], { cause: error });
    }
  }

  /** As a crash ends it: at once, whatever it was doing. */
  async kill(): Promise<void> {
    if (this.state !== "running") throw new Error(`the bridge is ${this.state}`);
    await this.#process?.kill();
  }

  #set(state: BridgeControl["state"]): void {
    this.state = state;
    this.#changed();
  }
}
