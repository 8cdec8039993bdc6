import OpenAI from "openai";
import type { ContextLine } from "./context.ts";
import { AI_TIMEOUT_MS, OUTPUT_TOKENS, openAiSettings } from "../shared/settings.ts";

export interface Prompt {
  readonly messages: readonly ContextLine[];
  readonly instructions?: string | undefined;
  readonly model?: string | undefined;
}

export interface Completion {
  readonly content: string;
  readonly usage?: { readonly promptTokens: number; readonly completionTokens: number };
}

/**
 * Asks the AI service once, for at most 60 s and without the SDK's own retries: the caller
 * decides whether to retry. The client is made here because at module level a missing key would break every function of a file.
 * Throws "No content in response", or what the SDK throws.
 */
export async function complete(prompt: Prompt): Promise<Completion> {
  const settings = openAiSettings();
  const openai = new OpenAI({
    apiKey: settings.apiKey,
    baseURL: settings.baseURL,
    maxRetries: 0,
  });
  const request = {
    model: prompt.model ?? settings.model,
    max_completion_tokens: OUTPUT_TOKENS,
    messages: [...systemLines(prompt), ...prompt.messages],
  };
  const response = await withinTime((signal) =>
    openai.chat.completions.create(request, { signal }),
  );
  const content = fieldAt(response, "choices", 0, "message", "content");
  if (typeof content !== "string" || content === "")
    throw new EmptyCompletion("No content in response");
  const promptTokens = fieldAt(response, "usage", "prompt_tokens");
  const completionTokens = fieldAt(response, "usage", "completion_tokens");
  return {
    // A service that cuts an answer by bytes or units may leave half a character, which Convex refuses to store.
    content: content.toWellFormed(),
    ...(typeof promptTokens === "number" &&
      typeof completionTokens === "number" && { usage: { promptTokens, completionTokens } }),
  };
}

/** What is at a path of an answer. The SDK types it as documented, but passes on whatever the service sent. */
function fieldAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path)
    found = typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined;
  return found;
}

function systemLines({ instructions }: Prompt): { role: "system"; content: string }[] {
  return instructions === undefined ? [] : [{ role: "system", content: instructions }];
}

/** The service returned an answer without content. */
export class EmptyCompletion extends Error {}

/** The answer took longer than the time limit. */
export class CompletionTimeout extends Error {}

/**
 * Applies the time limit to the whole call: the SDK's own limit ends with the headers, so a body that never ends would
 * be waited for forever. Throws `CompletionTimeout`.
 */
async function withinTime<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new CompletionTimeout());
      abort.abort();
    }, AI_TIMEOUT_MS);
  });
  try {
    return await Promise.race([call(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
