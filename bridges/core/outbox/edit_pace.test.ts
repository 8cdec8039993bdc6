import { expect, test } from "vitest";
import { EditPace } from "./edit_pace.ts";

test("a shorter wait that another lane is asked for does not end a longer one", () => {
  const pace = new EditPace({ laneMs: 10, allMs: 10 });
  pace.hold(60_000);
  pace.hold(1_000);
  expect(pace.waitMs()).toBeGreaterThan(50_000);
});
