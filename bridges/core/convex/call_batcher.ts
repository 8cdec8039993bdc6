/** Calls in flight at the same time: one that is slow must not hold up a lane that is idle otherwise. */
const MOST_IN_FLIGHT = 2;

/** Calls in one batch: a transaction may take a second, and a claim reads some fifteen documents. */
const MOST_IN_BATCH = 16;

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends calls at once while few are in flight, and those that gather meanwhile as one: an idle process waits for nothing,
 * and a busy one makes fewer calls. A batch that is refused is sent again call by call, so that one call's failure is
 * only its own; they must be safe to repeat.
 */
export class CallBatcher<Call, Answer> {
  readonly #waiting: Waiting<Call, Answer>[] = [];
  #inFlight = 0;

  constructor(
    private readonly one: (call: Call) => Promise<Answer>,
    private readonly many: (calls: readonly Call[]) => Promise<readonly Answer[]>,
  ) {}

  send(call: Call): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
    });
    this.#flush();
    return answer;
  }

  #flush(): void {
    while (this.#inFlight < MOST_IN_FLIGHT && this.#waiting.length > 0) {
      this.#inFlight += 1;
      void this.#sendBatch(this.#waiting.splice(0, MOST_IN_BATCH)).finally(() => {
        this.#inFlight -= 1;
        this.#flush();
      });
    }
  }

  async #sendBatch(batch: readonly Waiting<Call, Answer>[]): Promise<void> {
    if (batch.length > 1) {
      try {
        const answers = await this.many(batch.map(({ call }) => call));
        if (answers.length !== batch.length) throw new Error("answers do not match the calls");
        batch.forEach(({ resolve }, index) => {
          const answer = answers[index];
          if (answer !== undefined) resolve(answer);
        });
        return;
      } catch {
        // Nothing of it was committed.
      }
    }
    await Promise.all(
      batch.map(async ({ call, resolve, reject }) => {
        await this.one(call).then(resolve, reject);
      }),
    );
  }
}
