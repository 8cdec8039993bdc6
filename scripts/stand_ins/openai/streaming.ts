import { setTimeout as delay } from "node:timers/promises";
import type { ServerResponse } from "node:http";
import { z } from "zod";

/* Completions in pieces. https://platform.openai.com/docs/api-reference/chat/streaming */

/** How a completion is streamed. */
export interface Streaming {
  /** Between two pieces, in ms. */
  readonly everyMs: number;
  /** In place of the answer. */
  readonly text?: string;
  /** What happens after half of the pieces. */
  readonly halfway?: "pause" | "destroy" | "error";
}

export const vStreamed = z.object({
  id: z.string(),
  created: z.number(),
  model: z.string(),
  choices: z.tuple([
    z.object({
      message: z.object({
        content: z.string().nullable(),
        tool_calls: z.array(z.unknown()).optional(),
      }),
      finish_reason: z.string(),
    }),
  ]),
  usage: z.unknown(),
});

/** How long a stream pauses, in ms: longer than an answer may take. */
const PAUSE_MS = 70_000;

/** Sends a completion as chunks: the role, a few characters each, why it ends, and the usage if that is wanted. */
export async function sendStreamed(
  response: ServerResponse,
  completion: z.infer<typeof vStreamed>,
  { everyMs, text, halfway }: Streaming,
  includeUsage: boolean,
): Promise<void> {
  const { id, created, model, usage } = completion;
  const [{ message, finish_reason }] = completion.choices;
  const send = (choices: unknown[], more: object = {}): void => {
    const chunk = { id, object: "chat.completion.chunk", created, model, choices, ...more };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const say = (delta: object, reason: string | null = null): void => {
    const counted = includeUsage ? { usage: null } : {};
    send([{ index: 0, delta, logprobs: null, finish_reason: reason }], counted);
  };
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  say({ role: "assistant", content: "", refusal: null });
  const pieces = tokensOf(text ?? message.content ?? "");
  const start = performance.now();
  for (const [index, content] of pieces.entries()) {
    if (halfway !== undefined && index === Math.floor(pieces.length / 2)) {
      if (halfway === "pause") await delay(PAUSE_MS, undefined, { ref: false });
      else if (halfway === "destroy") response.destroy();
      else
        response.write(
          `data: ${JSON.stringify({ error: { message: "Injected failure.", type: "server_error", param: null, code: null } })}\n\n`,
        );
      if (halfway !== "pause") {
        response.end();
        return;
      }
    }
    if (response.destroyed) return;
    say({ content });
    // By the clock: a timer may be later than asked.
    const aheadMs = start + (index + 1) * everyMs - performance.now();
    if (aheadMs >= 1) await delay(aheadMs);
  }
  if (message.tool_calls) say({ tool_calls: message.tool_calls });
  say({}, finish_reason);
  if (includeUsage) send([], { usage });
  response.end("data: [DONE]\n\n");
}

/** A few characters each, never half of one. */
function tokensOf(text: string): string[] {
  return text.match(/[^]{1,4}/gu) ?? [];
}
