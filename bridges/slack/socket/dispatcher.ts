import type { App, KnownEventFromType as EventOf } from "@slack/bolt";

type Listener<Type extends string> = (received: {
  readonly event: EventOf<Type>;
  /** The app the event was sent to. */
  readonly appId: string;
}) => void | Promise<void>;

/**
 * Dispatches events to one listener per type, behind a single Bolt listener that waits for none of them. Bolt runs the
 * middleware of every listener for every event and keeps all of it until the last one has finished, which here is after
 * Convex has committed: most of a message's cost in time and memory (docs/performance.md). The receiver, which
 * acknowledges, waits with `finished`.
 */
export class EventDispatcher {
  readonly #listeners = new Map<string, Listener<string>>();
  /** What each event's listener is doing, by the event's body. */
  readonly #running = new WeakMap<object, Promise<void>>();

  /** Registers the listener of a type. Throws if there is one already. */
  on<Type extends string>(type: Type, listener: Listener<Type>): void {
    if (this.#listeners.has(type)) throw new Error(`there is a listener for ${type} already`);
    this.#listeners.set(type, ({ event, appId }) =>
      isOf(event, type) ? listener({ event, appId }) : undefined,
    );
  }

  /** Receives every event of the app. */
  attachTo(app: App): void {
    app.event(/^/, async ({ event, body }) => {
      const running = this.#listeners.get(event.type)?.({ event, appId: body.api_app_id });
      if (running === undefined) return;
      // `finished` reports the failure; until it is called, the rejection counts as unhandled.
      running.catch(() => undefined);
      this.#running.set(body, running);
    });
  }

  /** Call after Bolt has passed an event on: settles as the event's listener does. */
  async finished(body: object): Promise<void> {
    await this.#running.get(body);
  }
}

function isOf<Type extends string>(event: EventOf<string>, type: Type): event is EventOf<Type> {
  return event.type === type;
}
