import type { App } from "@slack/bolt";
import { z } from "zod";
import { lenient } from "../../core/shared/lenient.ts";

/** The body of an envelope that carries an event, as far as the bridge reads it. https://docs.slack.dev/apis/events-api */
const incomingForm = z.object({
  event: z.looseObject({ type: z.string() }),
  /** The app the event was sent to. */
  api_app_id: lenient(z.string()),
});
export type Incoming = z.infer<typeof incomingForm>;

type Listener = (incoming: Incoming) => void | Promise<void>;

/**
 * Dispatches events to one listener per type, behind a single Bolt listener that waits for none of them. Bolt runs the
 * middleware of every listener for every event and keeps all of it until the last one has finished, which here is after
 * Convex has committed: most of a message's cost in time and memory (docs/performance.md). The receiver, which
 * acknowledges, waits with `finished`.
 *
 * Bolt gets only the event's type: it reads other fields as documented, and throws where one is null.
 */
export class EventDispatcher {
  readonly #listeners = new Map<string, Listener>();
  /** The event of each body that Bolt is given, and then what its listener is doing. */
  readonly #incoming = new WeakMap<object, Incoming>();
  readonly #running = new WeakMap<object, Promise<void>>();

  /** `unreadable` is called with an event that does not have its listener's form. */
  constructor(private readonly unreadable: Listener) {}

  /** Registers the listener of a type. Throws if there is one already. */
  on<Form>(
    type: string,
    form: z.ZodType<Form>,
    listener: (event: Form, appId: string | undefined) => void | Promise<void>,
  ): void {
    if (this.#listeners.has(type)) throw new Error(`there is a listener for ${type} already`);
    this.#listeners.set(type, (incoming) => {
      const event = form.safeParse(incoming.event);
      return event.success ? listener(event.data, incoming.api_app_id) : this.unreadable(incoming);
    });
  }

  /** Receives every event of the app. */
  attachTo(app: App): void {
    app.event(/^/, async ({ body }) => {
      const incoming = this.#incoming.get(body);
      if (incoming !== undefined) this.dispatch(incoming, body);
    });
  }

  /** What Bolt is to be given for an envelope's body. Undefined if that carries no event. */
  bodyFor(body: unknown): Record<string, unknown> | undefined {
    const incoming = incomingForm.safeParse(body);
    if (!incoming.success) return undefined;
    const given = { type: "event_callback", event: { type: incoming.data.event.type } };
    this.#incoming.set(given, incoming.data);
    return given;
  }

  /** Calls the event's listener. */
  dispatch(incoming: Incoming, body: object): void {
    const running = this.#listeners.get(incoming.event.type)?.(incoming);
    if (running === undefined) return;
    // `finished` reports the failure; until it is called, the rejection counts as unhandled.
    running.catch(() => undefined);
    this.#running.set(body, running);
  }

  /** Call after Bolt has passed an event on: settles as the event's listener does. */
  async finished(body: object): Promise<void> {
    await this.#running.get(body);
  }
}
