import type { BridgeProcess } from "../../../stand_ins/bridge_process.ts";
import type { Stack } from "../../../stand_ins/stack.ts";

/** The playground's bridge process, which the page can kill and restart. */
export class BridgeControl {
  state: "running" | "starting" | "stopped" = "stopped";
  readonly #stack: Stack;
  readonly #onChange: () => void;
  #process: BridgeProcess | undefined;

  constructor(stack: Stack, onChange: () => void) {
    this.#stack = stack;
    this.#onChange = onChange;
  }

  /** Resolves once the bridge is connected. Throws if it already runs, or fails to start. */
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
      // The following lines are the bridge's log.
      throw new Error(String(error).split("\n", 1)[0], { cause: error });
    }
  }

  /** Kills the bridge at once, like a crash. */
  async kill(): Promise<void> {
    if (this.state !== "running") throw new Error(`the bridge is ${this.state}`);
    await this.#process?.kill();
  }

  #set(state: BridgeControl["state"]): void {
    this.state = state;
    this.#onChange();
  }
}
