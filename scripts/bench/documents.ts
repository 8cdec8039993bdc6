import { ConvexHttpClient } from "convex/browser";
import { mintToken, parseSigningKey } from "../../bridges/core/token.ts";
import type { BridgeEvent, MappingId } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import type { CallRow } from "../playground/convex/call_stats.ts";
import { startStack, type Stack } from "../playground/stack.ts";
import { atMost, type Part, type Row, sleep, until } from "./part.ts";
import { snowflake } from "./stubs/discord.ts";

/** Stored messages and mapped channels to measure at. */
const SIZES = [
  { messages: 10, mappings: 2 },
  { messages: 1_000, mappings: 100 },
  { messages: 10_000, mappings: 1_000 },
] as const;
const LIMIT = 6;
const BATCH = 100;

/** What one `ingest` reads and writes, and what the bridge's subscriptions read, as the data grows. */
export const documents: Part = {
  name: "documents",
  async run(tell) {
    // No bridge: it would make calls of its own.
    const stack = await startStack({ convexEnv: { AI_REPLIES_PER_DAY: "100000" } });
    try {
      const backend = await Backend.open(stack);
      const rows: Row[] = [];
      for (const size of SIZES) {
        tell(`${size.messages} messages, ${size.mappings} mappings`);
        await backend.grow(size);
        rows.push(...(await measure(backend, size)));
      }
      return rows;
    } finally {
      await stack.stop();
    }
  },
};

async function measure(backend: Backend, size: (typeof SIZES)[number]): Promise<Row[]> {
  const at = `${size.messages} messages, ${size.mappings} mappings`;
  const plain = await backend.ingestOne(backend.mirrored);
  const asking = await backend.ingestOne(backend.answered);
  await backend.answeredAll();
  const subscriptions = await backend.subscriptions();
  const row = (what: string, call: CallRow, limit?: number): Row => ({
    what: `${what}, ${at}`,
    measured: describe(call),
    ...(limit !== undefined && { budget: atMost(limit, call.documents) }),
    data: call,
  });
  return [
    row("documents read by a plain message", plain, LIMIT),
    row("documents read by a message that asks the AI", asking, LIMIT),
    ...subscriptions.map((call) => row(`documents read by ${call.path}`, call)),
  ];
}

function describe(call: CallRow): string {
  const { documents: distinct, documentsRead, bytesRead, ranges } = call;
  const { documentsWritten, bytesWritten } = call;
  const written = documentsWritten > 0 ? `; writes ${documentsWritten}, ${bytesWritten} B` : "";
  return `${distinct} (billed ${documentsRead}, ${bytesRead} B, ${ranges} ranges${written})`;
}

/** The functions a bridge calls, without a bridge. */
class Backend {
  #messages = 0;
  #mappings = 0;
  #asked = 0;
  #sequence = 0;

  private constructor(
    private readonly stack: Stack,
    private readonly admin: ConvexHttpClient,
    private readonly bridge: ConvexHttpClient,
    readonly mirrored: MappingId,
    readonly answered: MappingId,
  ) {}

  static async open(stack: Stack): Promise<Backend> {
    const key = parseSigningKey(stack.bridgeEnv(["discord"]).DISCORD_BRIDGE_KEY ?? "");
    if (!key) throw new Error("the stack gave no key");
    const admin = await stack.adminClient();
    const bridge = new ConvexHttpClient(stack.convex.url, {
      auth: await mintToken("discord", key),
      skipConvexDeploymentUrlCheck: true,
      logger: false,
    });
    const map = async (name: string, trigger: "always" | "never") => {
      const externalId = stack.discord.addChannel(name);
      const args = { platform: "discord" as const, externalId, to: name, trigger };
      await admin.mutation(api.admin.map, args);
      return externalId;
    };
    const names = [await map("mirrored", "never"), await map("answered", "always")];
    const mappings = await bridge.query(api.bridge.mappings, {});
    const [mirrored, answered] = names.map(
      (name) => mappings.find(({ externalId }) => externalId === name)?.mappingId,
    );
    if (mirrored === undefined || answered === undefined) throw new Error("not mapped");
    const backend = new Backend(stack, admin, bridge, mirrored, answered);
    backend.#mappings = names.length;
    // The first ones make the person, the conversations and the rows of the limits.
    await backend.ingestOne(mirrored);
    await backend.ingestOne(answered);
    await backend.answeredAll();
    return backend;
  }

  async grow({ messages, mappings }: (typeof SIZES)[number]): Promise<void> {
    for (; this.#mappings < mappings; this.#mappings++) {
      const externalId = (400000000000000000n + BigInt(this.#mappings)).toString();
      const args = { platform: "discord" as const, externalId, to: `channel ${this.#mappings}` };
      await this.admin.mutation(api.admin.map, { ...args, trigger: "never" });
    }
    while (this.#messages < messages) {
      const count = Math.min(BATCH, messages - this.#messages);
      const events = Array.from({ length: count }, (_, n) =>
        this.#event(this.mirrored, `crowd${(this.#messages + n) % 1_000}`),
      );
      await this.bridge.mutation(api.bridge.ingest, { events, advance: [] });
      this.#messages += count;
    }
  }

  /** One more message of a known person, alone in its call. */
  async ingestOne(mappingId: MappingId): Promise<CallRow> {
    await this.stack.convex.resetStats();
    const events = [this.#event(mappingId, "ada")];
    const [outcome] = await this.bridge.mutation(api.bridge.ingest, { events, advance: [] });
    if (outcome === "asked") this.#asked += 1;
    return await this.#callOf("bridge:ingest");
  }

  /** Until the AI has answered and nothing is open. */
  async answeredAll(): Promise<void> {
    const { openai } = this.stack;
    await until("the AI is asked", () => openai.requests.length >= this.#asked);
    await sleep(300);
  }

  async subscriptions(): Promise<CallRow[]> {
    await this.stack.convex.resetStats();
    await this.bridge.query(api.bridge.mappings, {});
    await this.bridge.query(api.bridge.outbox, {});
    return [await this.#callOf("bridge:mappings"), await this.#callOf("bridge:outbox")];
  }

  async #callOf(path: string): Promise<CallRow> {
    const { rows } = await this.stack.convex.stats();
    const call = rows.find((row) => row.path === path && row.kind !== "nested");
    if (!call) throw new Error(`${path} was not called`);
    return call;
  }

  #event(mappingId: MappingId, person: string): BridgeEvent {
    const externalId = snowflake(++this.#sequence);
    return {
      type: "message",
      mappingId,
      externalId,
      position: externalId.padStart(20, "0"),
      author: { externalId: person, workspaceId: "guild", name: person },
      fromApp: false,
      mentionsBot: false,
      content: "does anybody know why the build on the second machine is slower today?",
      mentions: [],
      attachments: [],
      sentAt: Date.now(),
    };
  }
}
