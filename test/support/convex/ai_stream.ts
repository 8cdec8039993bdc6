import type { AiRequest } from "./ai.ts";

/** A streamed completion that a test writes piece by piece. */
export class AiStream {
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Whether nobody reads it any more. */
  isCancelled = false;

  /** Answers a request with it, until its signal is aborted. */
  readonly answer = (_request: AiRequest, signal: AbortSignal): Response => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.isCancelled = true;
      },
    });
    signal.addEventListener("abort", () => {
      this.isCancelled = true;
      this.#controller?.error(new DOMException("This operation was aborted", "AbortError"));
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };

  say(...texts: string[]): void {
    for (const content of texts) this.event({ choices: [{ index: 0, delta: { content } }] });
  }

  event(data: object): void {
    this.#controller?.enqueue(this.#encoder.encode(`data: ${JSON.stringify(data)}\n\n`));
  }

  /** Ends it as OpenAI does: why, the usage, and that it is done. */
  end(finish_reason = "stop"): void {
    this.event({ choices: [{ index: 0, delta: {}, finish_reason }] });
    this.event({ choices: [], usage: { prompt_tokens: 11, completion_tokens: 7 } });
    this.#controller?.enqueue(this.#encoder.encode("data: [DONE]\n\n"));
    this.#controller?.close();
  }

  breakOff(): void {
    this.#controller?.error(new TypeError("terminated"));
  }
}
