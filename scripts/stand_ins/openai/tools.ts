import { randomUUID } from "node:crypto";
import { z } from "zod";

/* Functions that a request offers to the AI. https://platform.openai.com/docs/guides/function-calling */

const vToolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
export type ToolCall = z.infer<typeof vToolCall>;

/** https://platform.openai.com/docs/guides/images-vision: by an address, or as data. */
const vPart = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({
    type: z.literal("image_url"),
    image_url: z.strictObject({
      url: z.string().regex(/^(?:https:\/\/|data:image\/(?:png|jpeg|webp|gif);base64,)/),
      detail: z.enum(["auto", "low", "high"]).optional(),
    }),
  }),
]);

/** A message as it may be sent; only one that calls tools may be without content. */
export const vSentMessage = z.union([
  z
    .object({
      role: z.literal("assistant"),
      content: z.string().nullish(),
      tool_calls: z.array(vToolCall).min(1),
    })
    .transform((message) => ({ ...message, content: message.content ?? "" })),
  z.object({ role: z.literal("tool"), content: z.string(), tool_call_id: z.string() }),
  z.object({ role: z.enum(["system", "developer", "user", "assistant"]), content: z.string() }),
  z.object({ role: z.literal("user"), content: z.array(vPart).min(1) }).transform((message) => ({
    role: message.role,
    content: message.content.map((part) => (part.type === "text" ? part.text : "")).join(""),
    images: message.content.flatMap((part) =>
      part.type === "image_url" ? [part.image_url.url] : [],
    ),
  })),
]);
type SentMessage = z.infer<typeof vSentMessage>;

export const vTool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string().regex(/^[\w-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.looseObject({ type: z.literal("object") }).optional(),
    strict: z.boolean().nullish(),
  }),
});

/** The call that the last message asks for: "use search with {"word": "tea"}", where a tool `search` is offered. */
export function toolCallFor(
  messages: readonly SentMessage[],
  tools: readonly z.infer<typeof vTool>[] = [],
): ToolCall | undefined {
  const last = messages.at(-1);
  if (last?.role !== "user") return undefined;
  const [, name = "", args = ""] = /\buse ([\w-]+) with (\{.*\})/i.exec(last.content) ?? [];
  if (!tools.some((tool) => tool.function.name === name)) return undefined;
  return {
    id: `call_${randomUUID()}`,
    type: "function",
    function: { name, arguments: args },
  };
}

/** Why OpenAI refuses the messages: each call is answered right behind it, and nothing else is. */
export function unansweredCall(messages: readonly SentMessage[]): string | undefined {
  let open = new Set<string>();
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id))
        return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.";
      continue;
    }
    if (open.size > 0) break;
    if ("tool_calls" in message) open = new Set(message.tool_calls.map(({ id }) => id));
  }
  return open.size === 0
    ? undefined
    : "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.";
}
