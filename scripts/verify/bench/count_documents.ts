import { ConvexHttpClient } from "convex/browser";
import { mintToken, parseSigningKey } from "../../../bridges/core/convex/token.ts";
import type { BridgeEvent, MappingId } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { CallRow } from "../../stand_ins/convex/engine/call_stats.ts";
import type { Stack } from "../../stand_ins/stack.ts";
import { until } from "./part.ts";
import { snowflake } from "./stubs/discord.ts";

const CHANNEL = "200000000000000001";
const OWNER = "bench";
const BATCH = 100;
/** The number of authors of the stored messages. */
const CROWD = 1_000;
const TEXT = "does anybody know why the build on the second machine is slower today?";

export interface Size {
  readonly messages: number;
  readonly mappings: number;
}

/** What a call reads and writes, by its name in the table. */
export type Costs = ReadonlyMap<string, CallRow>;

/** Calls the functions that a bridge calls, on one mapped channel among others, without a bridge. */
export class CountedBackend {
  #messages = 0;
  #mappings = 1;
  #sequence = 0;

  private constructor(
    private readonly stack: Stack,
    private readonly admin: ConvexHttpClient,
    private readonly bridge: ConvexHttpClient,
    private readonly mappingId: MappingId,
  ) {}

  /** `stack`: no bridge may run on it. */
  static async open(stack: Stack): Promise<CountedBackend> {
    const key = parseSigningKey(stack.bridgeEnv(["discord"]).DISCORD_BRIDGE_KEY ?? "");
    if (!key) throw new Error("the stack gave no key");
    const bridge = new ConvexHttpClient(stack.convex.url, {
      auth: await mintToken("discord", key),
      skipConvexDeploymentUrlCheck: true,
      logger: false,
    });
    const admin = await stack.adminClient();
    const args = { platform: "discord", externalId: CHANNEL, to: "counted" } as const;
    const { mappingId } = await admin.mutation(api.admin.map, args);
    const backend = new CountedBackend(stack, admin, bridge, mappingId);
    // The first exchange creates the person, the conversation and the rows of the limits.
    await backend.costs();
    return backend;
  }

  /** Adds messages and mapped channels up to `size`. It never removes any. */
  async grow({ messages, mappings }: Size): Promise<void> {
    for (; this.#mappings < mappings; this.#mappings++) {
      const externalId = (400000000000000000n + BigInt(this.#mappings)).toString();
      const args = { platform: "discord", externalId, to: `channel ${this.#mappings}` } as const;
      await this.admin.mutation(api.admin.map, { ...args, trigger: "never" });
    }
    await this.#trigger("never");
    while (this.#messages < messages) {
      const count = Math.min(BATCH, messages - this.#messages);
      const events = Array.from({ length: count }, (_, n) =>
        this.#event(`crowd${(this.#messages + n) % CROWD}`),
      );
      await this.bridge.mutation(api.bridge.ingest, { events, advance: [] });
      this.#messages += count;
    }
  }

  /** The costs of a plain message, and of each call of an exchange with the AI, including both subscriptions. */
  async costs(): Promise<Costs> {
    await this.#trigger("never");
    await this.stack.convex.resetStats();
    await this.#ingest();
    const plain = await this.#callOf("bridge:ingest");

    await this.#trigger("always");
    await this.stack.convex.resetStats();
    await this.#ingest();
    const { openai, convex } = this.stack;
    const isStored = async () =>
      (await convex.stats()).rows.some(({ path, calls }) => path === "replies:store" && calls > 0);
    await until("the AI has answered", () => openai.requests.length > 0 && isStored());
    await this.#deliver();
    await this.bridge.query(api.bridge.mappings, {});
    return new Map([
      ["bridge:ingest, a plain message", plain],
      ["bridge:ingest, a question", await this.#callOf("bridge:ingest")],
      ["replies:load", await this.#callOf("replies:load")],
      ["replies:store", await this.#callOf("replies:store")],
      ["bridge:outbox", await this.#callOf("bridge:outbox")],
      ["bridge:claim", await this.#callOf("bridge:claim")],
      ["bridge:settle", await this.#callOf("bridge:settle")],
      ["bridge:mappings", await this.#callOf("bridge:mappings")],
    ]);
  }

  async #deliver(): Promise<void> {
    const ids = await this.bridge.query(api.bridge.outbox, {});
    const [deliveryId] = ids;
    if (deliveryId === undefined || ids.length > 1)
      throw new Error(`expected one reply in the outbox, found ${ids.length}`);
    const format = "bench";
    const claim = await this.bridge.mutation(api.bridge.claim, {
      deliveryId,
      owner: OWNER,
      format,
    });
    if (claim.status !== "claimed") throw new Error(`the reply is ${claim.status}`);
    const { generation, content } = claim.delivery;
    const post = { part: 0, externalId: this.#nextId(), upTo: content.length };
    await this.bridge.mutation(api.bridge.settle, {
      deliveryId,
      generation,
      settlement: { kind: "posted", post, last: true, format },
    });
  }

  async #ingest(): Promise<void> {
    const events = [this.#event("ada")];
    await this.bridge.mutation(api.bridge.ingest, { events, advance: [] });
  }

  async #trigger(trigger: "always" | "never"): Promise<void> {
    const args = { platform: "discord", externalId: CHANNEL, trigger } as const;
    await this.admin.mutation(api.admin.change, args);
  }

  async #callOf(path: string): Promise<CallRow> {
    const { rows } = await this.stack.convex.stats();
    const [call, ...others] = rows.filter((row) => row.path === path && row.kind !== "nested");
    if (call?.calls !== 1 || others.length > 0) throw new Error(`${path} was not called once`);
    return call;
  }

  #nextId(): string {
    return snowflake(++this.#sequence);
  }

  #event(person: string): BridgeEvent {
    const externalId = this.#nextId();
    return {
      type: "message",
      mappingId: this.mappingId,
      externalId,
      position: externalId.padStart(20, "0"),
      author: { externalId: person, workspaceId: "guild", name: person },
      fromApp: false,
      mentionsBot: false,
      content: TEXT,
      mentions: [],
      attachments: [],
      sentAt: Date.now(),
    };
  }
}
