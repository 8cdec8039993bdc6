import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { REST } from "@discordjs/rest";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Delivery } from "../../platform.ts";
import { threadName } from "./title.ts";
import { senderOver } from "../../../test/adapters/discord/senders.ts";

/** An edit pings like a post unless the request forbids it, which only the request body shows. */
test("an edit pings nobody and shows no previews", async () => {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      bodies.push(JSON.parse(text));
      response.setHeader("content-type", "application/json").end('{"id":"1"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A listening server has a port.
  const { port } = z
    .object({ port: z.number() })
    .parse(server.address() satisfies AddressInfo | string | null);
  const rest = new REST({ api: `http://127.0.0.1:${String(port)}/api` }).setToken("token");
  const sender = senderOver(rest);
  try {
    // An edit reads nothing else of a delivery.
    const delivery = { channel: "80" } as Delivery;
    const piece = { text: "hi @everyone <@1>", upTo: 17 };
    await sender.edit(delivery, "1", piece, AbortSignal.timeout(10_000));
  } finally {
    rest.clearHashSweeper();
    rest.clearHandlerSweeper();
    server.close();
  }
  expect(bodies).toEqual([
    {
      content: "hi @everyone <@1>",
      allowed_mentions: { parse: [], replied_user: false },
      flags: 4,
    },
  ]);
});

test("a thread's name never ends in half a character", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("😀", "🇩🇪", "a", " ", "*"), maxLength: 200 }),
      (text) => {
        expect(threadName(text).isWellFormed()).toBe(true);
      },
    ),
  );
});
