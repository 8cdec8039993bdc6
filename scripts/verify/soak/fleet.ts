import type { PlatformName } from "../../../bridges/platform.ts";
import type { BridgeProcess } from "../../stand_ins/bridge_process.ts";
import type { Stack } from "../../stand_ins/stack.ts";

/** Which platforms each process of the fleet bridges. */
export type Formation = readonly (readonly PlatformName[])[];

export const FORMATIONS: readonly Formation[] = [
  [["discord", "slack"]],
  [["discord"], ["slack"]],
  [
    ["discord", "slack"],
    ["discord", "slack"],
  ],
];

interface Ship {
  readonly platforms: readonly PlatformName[];
  bridge: BridgeProcess | undefined;
}

/** Real bridge processes that are killed, and started again. */
export class Fleet {
  readonly #ships: readonly Ship[];
  #over = false;
  readonly #starting = new Set<Promise<void>>();
  #kills = 0;
  #completeSince = 0;
  /** Processes that ended though nobody killed them. */
  readonly wrecks: string[] = [];

  constructor(
    private readonly stack: Stack,
    formation: Formation,
  ) {
    this.#ships = formation.map((platforms) => ({ platforms, bridge: undefined }));
  }

  get size(): number {
    return this.#ships.length;
  }
  get kills(): number {
    return this.#kills;
  }
  /** For how long every process has been running, in ms; 0 while one is not. */
  get upFor(): number {
    return this.#ships.every(({ bridge }) => bridge) ? performance.now() - this.#completeSince : 0;
  }

  async start(): Promise<void> {
    await Promise.all(this.#ships.map((ship) => this.#launch(ship)));
  }

  bridge(at: number): BridgeProcess | undefined {
    return this.#ships[at]?.bridge;
  }

  /** Kills a process at once; false when none runs there. It is started again after `restMs`. */
  kill(at: number, restMs: number): boolean {
    const ship = this.#ships[at];
    const bridge = ship?.bridge;
    if (!ship || !bridge) return false;
    ship.bridge = undefined;
    this.#kills += 1;
    // The signal is sent before this returns: what is on the wire now is the last it did.
    const starting = bridge
      .kill()
      .then(() => new Promise((resolve) => setTimeout(resolve, restMs)))
      .then(() => this.#launch(ship))
      .finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    return true;
  }

  /** Resolves once every process runs. */
  async complete(): Promise<void> {
    while (this.#starting.size > 0) await Promise.all(this.#starting);
  }

  async #launch(ship: Ship): Promise<void> {
    let bridge: BridgeProcess;
    try {
      bridge = await this.stack.startBridge(ship.platforms);
    } catch (error) {
      this.wrecks.push(String(error));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return this.#launch(ship);
    }
    ship.bridge = bridge;
    this.#completeSince = performance.now();
    void bridge.ended.then((how) => {
      if (ship.bridge !== bridge || this.#over) return;
      ship.bridge = undefined;
      this.wrecks.push(
        [`a bridge ended by itself (${how.toString()}):`, ...bridge.log.slice(-10)].join("\n"),
      );
      void this.#launch(ship);
    });
  }

  /** What ends from now on was meant to. */
  dismiss(): void {
    this.#over = true;
  }
}
