import type { CallRow } from "../../../stand_ins/convex/engine/call_stats.ts";
import { startStack } from "../../../stand_ins/stack.ts";
import { type Costs, CountedBackend, type Size } from "../count_documents.ts";
import { figure, type Part, type Row } from "../part.ts";

/** Messages grow first, then mapped channels, so that the table shows which of them a call pays for. */
const SIZES: readonly Size[] = [
  { messages: 10, mappings: 1 },
  { messages: 1_000, mappings: 1 },
  { messages: 10_000, mappings: 1 },
  { messages: 10_000, mappings: 100 },
  { messages: 10_000, mappings: 1_000 },
];
const LIMIT = 6;
const INGEST = "bridge:ingest";

/** What each call reads and writes as the data grows, counted by the local deployment. */
export const documents: Part = {
  name: "documents",
  async run(progress) {
    // Without a bridge, which would make calls of its own.
    const stack = await startStack();
    try {
      const backend = await CountedBackend.open(stack);
      const costs: Costs[] = [];
      for (const size of SIZES) {
        progress(`${figure(size.messages)} messages, ${figure(size.mappings)} mapped`);
        await backend.grow(size);
        costs.push(await backend.costs());
      }
      return describe(costs);
    } finally {
      await stack.stop();
    }
  },
};

function describe(costs: readonly Costs[]): Row[] {
  const names = [...(costs[0]?.keys() ?? [])];
  const sizes = SIZES.map(({ messages, mappings }) => `${messages}/${mappings}`).join(", ");
  return [
    { what: "distinct documents read", measured: `with ${sizes} messages/mapped channels` },
    ...names.map((name) =>
      describeCall(
        name,
        costs.flatMap((each) => each.get(name) ?? []),
      ),
    ),
  ];
}

function describeCall(name: string, calls: readonly CallRow[]): Row {
  const read = calls.map(({ documents: count }) => count);
  const most = Math.max(...read);
  const [first] = calls;
  const last = calls.at(-1);
  return {
    what: `  by ${name}`,
    measured: `${read.join(", ")}; billed ${billed(first)} to ${billed(last)}${written(last)}`,
    ...(name.startsWith(INGEST) && { budget: { text: `<= ${LIMIT}`, ok: most <= LIMIT } }),
    data: calls,
  };
}

function billed(call: CallRow | undefined): string {
  if (!call) return "?";
  return `${call.documentsRead} (${figure(call.bytesRead)} B, ${call.ranges} ranges)`;
}

function written(call: CallRow | undefined): string {
  if (!call || call.documentsWritten === 0) return "";
  return `; writes ${call.documentsWritten} (${figure(call.bytesWritten)} B)`;
}
