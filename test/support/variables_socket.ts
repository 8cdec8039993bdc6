import type { WebSocket } from "ws";
import { z } from "zod";

const vFrame = z.looseObject({
  type: z.string(),
  newVersion: z.number().optional(),
  modifications: z.array(z.looseObject({ type: z.string(), queryId: z.number() })).optional(),
});

/** Answers every query of a socket with the deployment's variables, the only query of the CLI. */
export function showVariables(
  socket: WebSocket,
  variables: ReadonlyMap<string, string>,
  held: readonly string[],
): void {
  let version = { querySet: 0, identity: 0, ts: stamp(0) };
  let ticks = 0;
  const handle = (text: string) => {
    const frame = vFrame.parse(JSON.parse(text));
    if (frame.type !== "Authenticate" && frame.type !== "ModifyQuerySet") return;
    ticks += 1;
    const endVersion = {
      querySet: frame.type === "ModifyQuerySet" ? (frame.newVersion ?? 0) : version.querySet,
      identity: frame.type === "Authenticate" ? version.identity + 1 : version.identity,
      ts: stamp(ticks),
    };
    const value = [...variables].map(([name, text]) => ({ name, value: text }));
    const modifications = (frame.modifications ?? [])
      .filter(({ type }) => type === "Add")
      .map(({ queryId }) => ({
        type: "QueryUpdated",
        queryId,
        value,
        logLines: [],
        journal: null,
      }));
    const transition = { type: "Transition", startVersion: version, endVersion, modifications };
    version = endVersion;
    socket.send(JSON.stringify(transition));
  };
  for (const text of held) handle(text);
  socket.on("message", (data: Buffer) => handle(data.toString()));
}

/** A timestamp in Convex's wire format: 64 bits, little-endian, base64. */
function stamp(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.toString("base64");
}
