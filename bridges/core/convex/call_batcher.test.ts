import { expect, test } from "vitest";
import { CallBatcher } from "./call_batcher.ts";

/** Answers when told to; call "bad" is refused, alone or with others. */
function start() {
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const answer = async (name: string, calls: readonly string[]) => {
    sent.push(name);
    await new Promise<void>((resolve) => answers.push(resolve));
    if (calls.includes("bad")) throw new Error("refused");
    return calls.map((call) => `${call}!`);
  };
  const batcher = new CallBatcher<string, string>(
    async (call) => (await answer(call, [call])).join(""),
    (calls) => answer(`[${calls.join(" ")}]`, calls),
  );
  const answerAll = async () => {
    for (let n = 0; n < 5; n++) {
      for (const each of answers.splice(0)) each();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { batcher, sent, answerAll };
}

test("an idle process sends a call at once and alone", async () => {
  const { batcher, sent, answerAll } = start();
  const answer = batcher.send("a");
  expect(sent).toEqual(["a"]);
  await answerAll();
  expect(await answer).toBe("a!");
});

test("what gathers while two calls are in flight goes as one", async () => {
  const { batcher, sent, answerAll } = start();
  const answers = Promise.all(["a", "b", "c", "d", "e"].map((call) => batcher.send(call)));
  expect(sent).toEqual(["a", "b"]);
  await answerAll();
  expect(sent).toEqual(["a", "b", "[c d e]"]);
  expect(await answers).toEqual(["a!", "b!", "c!", "d!", "e!"]);
});

test("a batch has at most 16 calls", async () => {
  const { batcher, sent, answerAll } = start();
  const answers = Promise.all(Array.from({ length: 20 }, (_, n) => batcher.send(String(n))));
  await answerAll();
  expect(sent).toHaveLength(4);
  expect(await answers).toHaveLength(20);
});

test("one call that is refused fails alone: the others of its batch are sent again", async () => {
  const { batcher, sent, answerAll } = start();
  const answers = Promise.allSettled(["a", "b", "c", "bad", "d"].map((call) => batcher.send(call)));
  await answerAll();
  expect((await answers).map(({ status }) => status)).toEqual([
    ...["fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled"],
  ]);
  expect(sent).toEqual(["a", "b", "[c bad d]", "c", "bad", "d"]);
});
