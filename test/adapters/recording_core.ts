import type {
  BridgeEvent,
  ChannelUpdate,
  Delivery,
  Health,
  Intake,
  Mapping,
  MappingId,
  Outcome,
  Person,
  Problem,
} from "../../bridges/platform.ts";
import { deliveryOf } from "../support/core_material.ts";

/** A core that records every call. A test decides when and how it commits (`commit`) and stores (`store`). */
export class RecordingCore implements Intake {
  readonly events: BridgeEvent[] = [];
  readonly people: Person[] = [];
  readonly problems: Problem[] = [];
  readonly healths: Health[] = [];
  readonly gaps: string[] = [];
  readonly updates: ChannelUpdate[] = [];
  readonly #mappings = new Map<string, Mapping>();
  commit: (event: BridgeEvent) => Promise<Outcome> = async () => "inserted";

  store: () => Promise<void> = async () => undefined;

  map(channelId: string): Mapping {
    // Only Convex makes such ids; any string works here.
    const mappingId = `m ${channelId}` as MappingId;
    const mapping: Mapping = { mappingId, externalId: channelId, since: "0", files: "images" };
    this.add(mapping);
    return mapping;
  }

  add(mapping: Mapping): void {
    this.#mappings.set(mapping.externalId, mapping);
  }

  mappingOf(channelId: string): Mapping | undefined {
    return this.#mappings.get(channelId);
  }
  push(event: BridgeEvent): Promise<Outcome> {
    this.events.push(event);
    return this.commit(event);
  }
  person(person: Person): void {
    this.people.push(person);
  }
  problem(problem: Problem): Promise<void> {
    this.problems.push(problem);
    return this.store();
  }
  health(health: Health): void {
    this.healths.push(health);
  }
  channel(news: ChannelUpdate): Promise<void> {
    this.updates.push(news);
    return this.store();
  }
  gap(why: string, mappingId?: MappingId): void {
    this.gaps.push(mappingId === undefined ? why : `${why}: ${mappingId}`);
  }
  texts(): string[] {
    return this.events.map((event) => (event.type === "message" ? event.content : "deleted"));
  }
}

/** A claimed delivery to a channel, of the message "r1". */
export const delivery = (fields: Partial<Delivery> & Pick<Delivery, "channel">): Delivery =>
  // Only Convex makes such ids; any string works here.
  deliveryOf("d1", { messageId: "r1" as Delivery["messageId"], content: "", ...fields });
