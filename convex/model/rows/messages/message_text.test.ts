import { afterEach, beforeEach, expect, test } from "vitest";
import { api } from "../../../_generated/api.js";
import { said } from "../../../../test/support/convex/events.ts";
import {
  type Backend,
  mapChannel,
  startBackend,
  stopBackend,
} from "../../../../test/support/convex/backend.ts";

let backend: Backend;

beforeEach(async () => {
  backend = await startBackend();
});
afterEach(stopBackend);

test.each(["Ca$$h", "$&", "$`", "$'", "<@7004>", "a > b"])(
  "a person called %s is named so, and nothing else changes",
  async (name) => {
    const { mappingId, channelId } = await mapChannel(backend, "discord", { trigger: "never" });
    const mentions = [
      { kind: "user" as const, id: "7003", name },
      { kind: "user" as const, id: "7004", name: "Zoe" },
    ];
    const content = "secret: hi <@7003> and <@7004>, not <@7005>!";
    const events = [said(mappingId, { content, mentions })];
    await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
    const listed = await backend.admin.query(api.index.listMessages, { channelId });
    expect(listed.map((message) => message.content)).toEqual([
      `secret: hi @${name} and @Zoe, not <@7005>!`,
    ]);
  },
);
