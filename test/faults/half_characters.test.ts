import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";
import { OutboxStage } from "./outbox_stage.ts";

/*
 * A platform delivers half of a surrogate pair: a client cut a text or a name between two units. Convex refuses such a
 * string with a fatal error.
 */

let stage: OutboxStage;

beforeAll(async () => {
  stage = await OutboxStage.open();
});

afterAll(async () => {
  await stage.stack.stop();
});

test.each(PLATFORMS)(
  "half a character in a text and a name from %s is stored as U+FFFD, and holds up nothing, also when read again",
  async (platform) => {
    const chat = stage.stack.chat(platform);
    const [room, other] = await Promise.all([
      stage.room(platform, `halves on ${platform}`),
      stage.room(platform, `wholes on ${platform}`),
    ]);
    const odd = chat.addPerson("Odd \ud83d");
    const bridge = await stage.stack.startBridge([platform]);
    const texts = async (channel: string) =>
      (await stage.rows())
        .filter((row) => row.channel === channel && row.kind === "person")
        .map(({ content }) => content);

    const id = chat.say({ channel: room.channel, person: odd, text: "cut \ud83d" });
    other.ask("whole 😀");
    await eventually(async () => {
      expect(await texts(room.channel)).toEqual(["cut \ufffd"]);
      expect(await texts(other.channel)).toEqual(["whole 😀"]);
    });
    chat.edit({ channel: room.channel, id, text: "cut again \udc00" });
    await eventually(async () => expect(await texts(room.channel)).toEqual(["cut again \ufffd"]), {
      timeout: 10_000,
      interval: 200,
    });
    await bridge.stop();

    // A catch-up reads what was said meanwhile, and what it read before.
    chat.say({ channel: room.channel, person: odd, text: "while away \ud83d" });
    const again = await stage.stack.startBridge([platform]);
    await eventually(async () =>
      expect(await texts(room.channel)).toEqual(["cut again \ufffd", "while away \ufffd"]),
    );
    for (const row of await stage.rows()) {
      expect(JSON.stringify(row)).not.toMatch(/\\ud[89a-f]/);
    }
    await again.stop();
  },
);
