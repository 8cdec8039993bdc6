import { SimpleShardingStrategy, type WebSocketManager, WebSocketShard } from "@discordjs/ws";
import type { Fields } from "../inbound/fields.ts";
import { readFrame } from "./frames.ts";

/** What the bridge adds to the library's shards. */
export interface ShardGuard {
  /** Waits before a shard opens a socket. Returns false if it must not. Never rejects. */
  readonly mayConnect: (shardId: number) => Promise<boolean>;
  /** A frame has arrived. Null: it can't be read, and is skipped. */
  readonly received: (shardId: number, frame: Fields | null) => void;
}

/**
 * The library's own strategy, with two methods of each shard replaced. The library connects again twice a second for
 * ever, and an odd frame ends the process: it has no option for either.
 */
export class GuardedShards extends SimpleShardingStrategy {
  constructor(
    manager: WebSocketManager,
    private readonly guard: ShardGuard,
  ) {
    super(manager);
  }

  override async spawn(shardIds: number[]): Promise<void> {
    await super.spawn(shardIds);
    const shards: unknown = Reflect.get(this, "shards");
    if (!(shards instanceof Map)) throw changed();
    for (const shard of shards.values()) guardShard(shard, this.guard);
  }
}

function guardShard(shard: unknown, { mayConnect, received }: ShardGuard): void {
  if (!(shard instanceof WebSocketShard)) throw changed();
  const { id } = shard;
  const connect: unknown = Reflect.get(shard, "internalConnect");
  if (typeof connect !== "function" || !("unpackMessage" in shard)) throw changed();
  Object.assign(shard, {
    internalConnect: async (): Promise<void> => {
      if (await mayConnect(id)) await Reflect.apply(connect, shard, []);
    },
    // Asynchronous, as the method that it replaces: the order of dispatches depends on it.
    unpackMessage: async (data: unknown): Promise<Fields | null> => {
      const frame = readFrame(data);
      received(id, frame);
      return frame;
    },
  });
}

/** A test connects with the installed version, so this is seen before a release. */
function changed(): Error {
  return new Error("the shards of this version of @discordjs/ws can't be guarded");
}
