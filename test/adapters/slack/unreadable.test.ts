import { expect, test } from "vitest";
import { start } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

test("a message whose very id is of another form is set aside without it, so that the report can be stored", async () => {
  const { slack, core, channel, ada, lines } = await start();
  slack.tell({ type: "message", channel, ts: 7, user: ada, text: "what somebody wrote" });
  await eventually(() => expect(core.problems).toHaveLength(1));
  expect(core.problems).toEqual([
    { mappingId: `m ${channel}`, kind: "unreadable_event", reason: expect.any(String) as string },
  ]);
  expect(core.events).toEqual([]);
  expect(lines.join("")).not.toContain("what somebody wrote");
});
