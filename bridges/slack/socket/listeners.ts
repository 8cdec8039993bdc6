import type { App, KnownEventFromType as EventOf } from "@slack/bolt";

type Listener<Type extends string> = (heard: {
  readonly event: EventOf<Type>;
  /** The app the event was sent to. */
  readonly appId: string;
}) => void | Promise<void>;

/**
 * Listeners by the type of event, behind a single listener of Bolt's that waits for none of them. Bolt runs the
 * middleware of every listener for every event, and keeps all of it until the last is done, which here is after Convex
 * has committed: that was most of what a message cost, in time and in memory. Whoever acknowledges waits by `done`.
 */
export class Listeners {
  readonly #byType = new Map<string, Listener<string>>();
  /** What is still to be done about an event, by its body. */
  readonly #work = new WeakMap<object, Promise<void>>();

  /** One for each type; throws at a second. */
  event<Type extends string>(type: Type, listener: Listener<Type>): void {
    if (this.#byType.has(type)) throw new Error(`there is a listener for ${type} already`);
    this.#byType.set(type, ({ event, appId }) =>
      isOf(event, type) ? listener({ event, appId }) : undefined,
    );
  }

  hear(app: App): void {
    app.event(/^/, async ({ event, body }) => {
      const work = this.#byType.get(event.type)?.({ event, appId: body.api_app_id });
      if (work === undefined) return;
      // `done` tells of a failure; before it is asked that is nobody's.
      work.catch(() => undefined);
      this.#work.set(body, work);
    });
  }

  /** After Bolt has passed an event on: resolves once its listener is done, and rejects as that does. */
  async done(body: object): Promise<void> {
    await this.#work.get(body);
  }
}

function isOf<Type extends string>(event: EventOf<string>, type: Type): event is EventOf<Type> {
  return event.type === type;
}
