import { describe, expect, test } from "vitest";
import { readAnswer } from "./answer.ts";
import { completionFailure } from "./completion_errors.ts";

function read(body: string) {
  try {
    return readAnswer({ status: 200, headers: new Headers(), body });
  } catch (error) {
    return completionFailure(error);
  }
}

describe("a stream that nobody asked for", () => {
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\r\n\r\n`;
  const delta = (content: unknown, finish_reason: unknown = null) =>
    event({ choices: [{ delta: { content }, finish_reason }] });
  const usage = event({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } });

  test("is put together", () => {
    const stream = `: hello\n\n${delta("")}${delta("<think>x</think>H")}${delta(" ")}${delta("i")}${delta(null, "stop")}${usage}data: [DONE]\n\n`;
    expect(read(stream)).toEqual({
      content: "H i",
      usage: { promptTokens: 1, completionTokens: 2 },
    });
  });

  test("keeps what is no end of a line in a stream", () => {
    const stream = [delta("a"), delta("b\u2028c\u2029d"), delta("\u2028data:e", "stop")].join("");
    expect(read(stream)).toEqual({ content: "ab\u2028c\u2029d\u2028data:e" });
  });

  test("says once what also comes as a whole message", () => {
    const both = (piece: string, content: string, finish_reason: unknown = null) =>
      event({ choices: [{ message: { content }, delta: { content: piece }, finish_reason }] });
    const whole = (content: string) =>
      event({ choices: [{ message: { content }, finish_reason: "stop" }] });
    for (const stream of [
      both("Ha ", "Ha ") + both("ha", "Ha ha") + both("", "Ha ha", "stop"),
      both("", "Ha ha", "stop"),
      delta("Ha ") + delta("ha") + whole("Ha ha"),
      whole("Ha ") + whole("ha"),
    ])
      expect(read(stream)).toEqual({ content: "Ha ha" });
  });

  test.each([
    { tool_calls: [{ index: 0, id: "1", function: { name: "f", arguments: "" } }] },
    { function_call: { name: "f" }, tool_calls: [] },
  ])("that only calls a tool is the same when asked again: %j", (call) => {
    const parts = [{ content: null, ...call }, { tool_calls: [] }];
    const stream = parts.map((part) => event({ choices: [{ delta: part }] })).join("");
    expect(read(stream + delta(null, "tool_calls"))).toEqual({
      reason: "the AI service called a tool instead of answering",
      retryable: false,
    });
  });

  test("is cut where it does not end", () => {
    expect(read(`${delta("H")}${delta("i")}data: {"cho`)).toMatchObject({
      content: expect.stringContaining("Hi\n\n_The answer ends here") as unknown,
    });
    expect(read(`${delta("Hi")}${delta("", "length")}`)).toMatchObject({
      content: expect.stringContaining("limit of its length") as unknown,
    });
  });

  test("may hold only an error", () => {
    expect(read(event({ error: { message: "overloaded", code: 502 } }))).toEqual({
      reason: "the AI service returned 502",
      retryable: true,
    });
  });
});
