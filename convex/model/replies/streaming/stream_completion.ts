import { readAnswer, textInLine } from "../ai_service/answer.ts";
import { complete, type Completion, isRefusal, open, type Prompt, whole } from "../completion.ts";

/** https://platform.openai.com/docs/api-reference/chat/create#chat_create-stream_options */
const AS_STREAM = { stream: true, stream_options: { include_usage: true } };

/**
 * Like `complete`, and yields the text as it comes. The completion at the end replaces it: it is read from the whole
 * stream, so it ends, fails and is cut as it would be without streaming. A service that sends one piece of JSON is
 * understood, and one that refuses to stream is asked once more without it. Throws `AiFailure`.
 */
export async function* streamCompletion(prompt: Prompt): AsyncGenerator<string | Completion> {
  const { response, ...learned } = await open(prompt, AS_STREAM);
  const { status, headers } = response;
  if (isRefusal(response)) {
    const answer = await whole(response);
    yield answer.body.includes("stream") ? await complete(prompt) : readAnswer(answer);
    return;
  }
  const parts: string[] = [];
  try {
    let line = "";
    for await (const text of textOf(response)) {
      parts.push(text);
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      for (const each of lines) {
        const piece = textInLine(each);
        if (piece !== "") yield piece;
      }
    }
  } catch {
    // It broke off. The next attempt may say something else.
    parts.length = 0;
  }
  yield { ...readAnswer({ status, headers, body: parts.join("") }), ...learned };
}

async function* textOf({ body }: Response): AsyncGenerator<string> {
  const reader = body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    // Also where nobody waits for the rest: an endless stream would go on.
    await reader.cancel().catch(() => undefined);
  }
}
