import OpenAI from "openai";
import type { ContextLine } from "./context.ts";
import { AI_TIMEOUT_MS, OUTPUT_TOKENS, openAiSettings } from "./settings.ts";

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
 * Asks the AI service once, for at most 60 s and without the SDK's own retries: who retries is the caller's to
 * decide. The client is made here because at module level a missing key would break every function of a file.
 * Throws "No content in response", or what the SDK throws.
 */
export async function complete(prompt: Prompt): Promise<Completion> {
  const settings = openAiSettings();
  const openai = new OpenAI({
    apiKey: settings.apiKey,
    baseURL: settings.baseURL,
    timeout: AI_TIMEOUT_MS,
    maxRetries: 0,
  });
  const response = await openai.chat.completions.create({
    model: prompt.model ?? settings.model,
    max_completion_tokens: OUTPUT_TOKENS,
    messages: [
      ...(prompt.instructions !== undefined
        ? [{ role: "system" as const, content: prompt.instructions }]
        : []),
      ...prompt.messages,
    ],
  });
  const content = response.choices[0]?.message.content;
  if (!content) throw new Error("No content in response");
  return {
    content,
    ...(response.usage && {
      usage: {
        promptTokens: response.usage.prompt_tokens,
        completionTokens: response.usage.completion_tokens,
      },
    }),
  };
}
