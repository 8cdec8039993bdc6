import { expect, test } from "vitest";
import { deliveryOf } from "../../../test/support/core_material.ts";
import type { Delivery } from "../../platform.ts";
import { ShownPosts } from "./shown_posts.ts";

test("what posts show is known as long as no other process can have held their lane", () => {
  const shown = new ShownPosts();
  const known = (id: string, generation: number, isNext = false) =>
    shown.of(deliveryOf(id, { generation }), isNext);
  known("d1", 1).set("post", "one");
  expect(known("d1", 2).size).toBe(1);
  expect(known("d2", 1, true).size).toBe(1);
  expect(known("d2", 3).size).toBe(0);
});

test("what posts show is forgotten of all but the last lanes", () => {
  const shown = new ShownPosts();
  const lane = (n: number, generation: number) =>
    shown.of(
      // Ids are opaque.
      deliveryOf("d", { generation, conversationId: `c${n}` as Delivery["conversationId"] }),
      false,
    );
  for (let n = 0; n <= 100; n++) lane(n, 1).set("post", "one");
  expect(lane(1, 2).size).toBe(1);
  expect(lane(0, 2).size).toBe(0);
});
