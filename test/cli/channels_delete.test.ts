import { expect, onTestFinished, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { ChannelsScript } from "../support/channels_script.ts";
import { said } from "../support/convex/events.ts";
import { eventually } from "../support/eventually.ts";
import { startAtTerminal } from "../support/pty.ts";

/* `unmap --delete-messages`, which can't be undone. */

const script = new ChannelsScript().use();

/** A mapped channel with three messages. */
async function channelWithMessages(): Promise<string> {
  const id = script.newId();
  const target = `to-delete-${id}`;
  await script.run(["map", "discord", id, "--to", target, "--trigger", "never"]);
  const mapping = await script.mappingOf(id);
  if (!mapping) throw new Error("not mapped");
  const at = Date.now() + 1_000;
  const events = [0, 1, 2].map((n) => said(mapping.mappingId, { sentAt: at + n }));
  const bridge = await script.client("discord");
  await bridge.mutation(api.bridge.ingest, { events, advance: [] });
  return id;
}

function unmapAtTerminal(...args: string[]) {
  const path = ["scripts/bootstrap.mjs", "--compiled", "scripts/cli/channels/channels.ts"];
  const command = [process.execPath, ...path, "unmap", "discord", ...args];
  const terminal = startAtTerminal(command, { cwd: ROOT, env: script.env() });
  onTestFinished(() => terminal.kill());
  return terminal;
}

test("at a terminal it says how many messages, and does nothing unless the answer is yes", async () => {
  const id = await channelWithMessages();
  const no = unmapAtTerminal(id, "--delete-messages");
  await eventually(() => expect(no.output()).toContain("delete 3 messages"), 30_000);
  no.type("\r");
  expect(await no.ended, no.output()).toBe(1);
  expect(no.output()).toContain("nothing was changed");
  expect(await script.mappingOf(id)).toBeDefined();

  const yes = unmapAtTerminal(id, "--delete-messages");
  await eventually(() => expect(yes.output()).toContain("delete 3 messages"), 30_000);
  yes.type("y\r");
  expect(await yes.ended, yes.output()).toBe(0);
  expect(yes.output()).toContain("Its messages are being deleted (3 messages).");
  expect(await script.mappingOf(id)).toBeUndefined();
});

test("with --yes, and without a terminal, nothing is asked", async () => {
  const [first, second] = [await channelWithMessages(), await channelWithMessages()];
  const yes = unmapAtTerminal(first, "--delete-messages", "--yes");
  expect(await yes.ended, yes.output()).toBe(0);
  const { code, stdout } = await script.run(["unmap", "discord", second, "--delete-messages"]);
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("(3 messages)") as unknown,
  });
});
