import { AiFailure, type CompletionFailure } from "./completion_errors.ts";
import { AI_TIMEOUT_MS } from "../../shared/settings.ts";

const TOO_LATE = { reason: "the AI service took too long", retryable: true };

/**
 * Applies the time limit to the whole call, which gets a signal of it: the SDK's own limit ends with the headers, so a
 * body that never ends would be waited for forever. `giveUp` ends it earlier. Throws `AiFailure`.
 */
export async function withinTime<T>(
  call: (signal: AbortSignal, giveUp: (why: CompletionFailure) => void) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let giveUp = (_why: CompletionFailure): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    giveUp = (why) => {
      reject(new AiFailure(why));
      abort.abort();
    };
    timer = setTimeout(() => giveUp(TOO_LATE), AI_TIMEOUT_MS);
  });
  try {
    return await Promise.race([call(abort.signal, giveUp), ended]);
  } finally {
    clearTimeout(timer);
  }
}
