import { vi } from "vitest";

/** A request to the AI service, as the stock client sent it. */
export interface AiRequest {
  readonly url: string;
  readonly authorization: string | null;
  readonly model: string;
  readonly max_completion_tokens?: number;
  readonly max_tokens?: number;
  /** Without the framing: its system message has the instructions alone. */
  readonly messages: readonly ChatLine[];
  /** How the messages are to be read. Absent in the seed's channels. */
  readonly framing?: string;
}

interface ChatLine {
  readonly role: string;
  readonly content: string;
}

const FRAMING =
  /^You are .+, in the channel ".+"\.\n[^]*\nAnswer in Markdown, without a name in front\.(?:\n\nYour instructions:\n|$)/;

/** Takes the framing off the first message, which is the system's. */
function unframed(messages: readonly ChatLine[]): Pick<AiRequest, "messages" | "framing"> {
  const [first, ...rest] = messages;
  const [framing] = first?.role === "system" ? (FRAMING.exec(first.content) ?? []) : [];
  if (!first || framing === undefined) return { messages };
  const instructions = { role: first.role, content: first.content.slice(framing.length) };
  return { framing, messages: instructions.content === "" ? rest : [instructions, ...rest] };
}

/** A text is a successful answer; a function handles the request itself. */
type Answer = string | ((request: AiRequest, signal: AbortSignal) => Promise<Response> | Response);

/** Stands in for the AI service below the stock client: only the network is replaced. */
export class AiService {
  readonly requests: AiRequest[] = [];
  readonly #answers: Answer[] = [];
  #otherwise: Answer = (request) => completion(`answer ${this.requests.indexOf(request) + 1}`);

  constructor() {
    vi.stubGlobal("fetch", (input: unknown, init?: RequestInit) => this.#fetch(input, init));
  }

  /** The next answers, in order. */
  answers(...answers: Answer[]): void {
    this.#answers.push(...answers);
  }

  /** The answer when no other is queued. */
  always(answer: Answer): void {
    this.#otherwise = answer;
  }

  /** Makes the next request wait. Returns a function that releases it. */
  holds(content: string): () => void {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.answers(async () => {
      await released;
      return completion(content);
    });
    return () => release();
  }

  async #fetch(input: unknown, init: RequestInit = {}): Promise<Response> {
    if (typeof init.body !== "string") throw new Error("the AI service was sent no text");
    const sent = JSON.parse(init.body) as Omit<AiRequest, "url" | "authorization">;
    const request = {
      ...sent,
      ...unframed(sent.messages),
      url: String(input),
      authorization: new Headers(init.headers).get("authorization"),
    };
    this.requests.push(request);
    const answer = this.#answers.shift() ?? this.#otherwise;
    if (typeof answer === "string") return completion(answer);
    return await answer(request, init.signal ?? new AbortController().signal);
  }
}

/** `more`: further fields of the message and of the completion. */
export function completion(
  content: string | null,
  message: object = {},
  more: object = {},
  finish_reason = "stop",
): Response {
  return Response.json({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "gpt-4o",
    choices: [
      {
        index: 0,
        finish_reason,
        logprobs: null,
        message: { role: "assistant", content, ...message },
      },
    ],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    ...more,
  });
}

/** A completion that the service ended for a reason. */
export function ended(content: string | null, reason: string): Response {
  return completion(content, {}, {}, reason);
}

export function refused(
  status: number,
  headers: Record<string, string> = {},
  code: string | null = null,
): Response {
  return Response.json({ error: { message: "no", type: "error", code } }, { status, headers });
}

/** Never answers. Fails as a network call does when its signal is aborted. */
export function hangs(_request: AiRequest, signal: AbortSignal): Promise<Response> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () =>
      reject(new DOMException("This operation was aborted", "AbortError")),
    );
  });
}
