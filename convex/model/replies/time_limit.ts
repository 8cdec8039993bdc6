import { AiFailure } from "./completion_errors.ts";
import { AI_TIMEOUT_MS } from "../shared/settings.ts";

const TOO_LATE = { reason: "the AI service took too long", retryable: true };

/**
 * Applies the time limit to the whole call, which gets a signal of it: the SDK's own limit ends with the headers, so a
 * body that never ends would be waited for forever. Throws `AiFailure`.
 */
export async function withinTime<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AiFailure(TOO_LATE));
      abort.abort();
    }, AI_TIMEOUT_MS);
  });
  try {
    return await Promise.race([call(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
