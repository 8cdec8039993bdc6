import type { PlatformName } from "../../../bridges/platform.ts";
import type { BridgeProcess } from "../../stand_ins/bridge_process.ts";
import type { Stack } from "../../stand_ins/stack.ts";

/** The platforms of each process in the pool. */
export type ProcessLayout = readonly (readonly PlatformName[])[];

export const PROCESS_LAYOUTS: readonly ProcessLayout[] = [
  [["discord", "slack"]],
  [["discord"], ["slack"]],
  [
    ["discord", "slack"],
    ["discord", "slack"],
  ],
];

interface Slot {
  readonly platforms: readonly PlatformName[];
  bridge: BridgeProcess | undefined;
}

/** Bridge processes that are killed and restarted. */
export class BridgePool {
  readonly #slots: readonly Slot[];
  #exitsExpected = false;
  readonly #starting = new Set<Promise<void>>();
  #kills = 0;
  #completeSince = 0;
  /** Descriptions of processes that ended without being killed. */
  readonly unexpectedExits: string[] = [];

  constructor(
    private readonly stack: Stack,
    layout: ProcessLayout,
  ) {
    this.#slots = layout.map((platforms) => ({ platforms, bridge: undefined }));
  }

  get size(): number {
    return this.#slots.length;
  }
  get kills(): number {
    return this.#kills;
  }
  /** For how long all processes have been running, in ms; 0 while one is not. */
  get upFor(): number {
    return this.#slots.every(({ bridge }) => bridge) ? performance.now() - this.#completeSince : 0;
  }

  async start(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => this.#start(slot)));
  }

  bridge(at: number): BridgeProcess | undefined {
    return this.#slots[at]?.bridge;
  }

  /** Kills a process and restarts it after `restMs`. Returns false if it is not running. */
  kill(at: number, restMs: number): boolean {
    const slot = this.#slots[at];
    const bridge = slot?.bridge;
    if (!slot || !bridge) return false;
    slot.bridge = undefined;
    this.#kills += 1;
    // The signal is sent before this returns, so nothing follows what is on the wire now.
    const starting = bridge
      .kill()
      .then(() => new Promise((resolve) => setTimeout(resolve, restMs)))
      .then(() => this.#start(slot))
      .finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    return true;
  }

  /** Resolves once all processes are running. */
  async complete(): Promise<void> {
    while (this.#starting.size > 0) await Promise.all(this.#starting);
  }

  async #start(slot: Slot): Promise<void> {
    let bridge: BridgeProcess;
    try {
      bridge = await this.stack.startBridge(slot.platforms);
    } catch (error) {
      this.unexpectedExits.push(String(error));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return this.#start(slot);
    }
    slot.bridge = bridge;
    this.#completeSince = performance.now();
    void bridge.ended.then((how) => {
      if (slot.bridge !== bridge || this.#exitsExpected) return;
      slot.bridge = undefined;
      this.unexpectedExits.push(
        [`a bridge ended unexpectedly (${how.toString()}):`, ...bridge.log.slice(-10)].join("\n"),
      );
      void this.#start(slot);
    });
  }

  /** From now on, processes may end. */
  expectExits(): void {
    this.#exitsExpected = true;
  }
}
