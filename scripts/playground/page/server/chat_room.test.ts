import { afterAll, describe, expect, test } from "vitest";
import type { ChatStandIn } from "../../../stand_ins/chat.ts";
import { startDiscordStandIn } from "../../../stand_ins/discord/stand_in.ts";
import { startSlackStandIn } from "../../../stand_ins/slack/stand_in.ts";
import { ChatRoom } from "./chat_room.ts";

const chats: ChatStandIn[] = [];

afterAll(async () => {
  for (const chat of chats) await chat.stop();
});

describe.each([
  ["Discord", startDiscordStandIn],
  ["Slack", startSlackStandIn],
] as const)("a room on %s", (_name, start) => {
  async function roomWithPeople() {
    const chat: ChatStandIn = await start();
    chats.push(chat);
    const room = new ChatRoom(chat);
    const place = { channel: room.addChannel("general") };
    return { room, place, ada: room.addPerson("Ada"), grace: room.addPerson("Grace") };
  }

  test("a thread is named as its message reads, with names in place of ids", async () => {
    const { room, place, ada } = await roomWithPeople();
    const id = room.say(place, { person: ada, text: "@AI and @Grace: 1 < 2 & so on" });
    room.openThread(place.channel, id);
    const [thread] = room.state().channels[0]?.threads ?? [];
    expect(thread?.name).toBe("@AI and @Grace: 1 < 2 & so on");
  });

  test("a second press takes a person's reaction back", async () => {
    const { room, place, ada, grace } = await roomWithPeople();
    const id = room.say(place, { person: ada, text: "hello" });
    const shown = () => room.messages(place)[0]?.reactions;
    for (const person of [ada, grace]) room.react(place, { id, person, thumb: "👍" });
    expect(shown()).toEqual([{ emoji: "👍", people: [ada, grace] }]);
    room.react(place, { id, person: ada, thumb: "👍" });
    expect(shown()).toEqual([{ emoji: "👍", people: [grace] }]);
  });

  test("an image is shown", async () => {
    const { room, place, ada } = await roomWithPeople();
    room.say(place, { person: ada, text: "see", withImage: true });
    expect(room.messages(place)[0]?.images).toEqual([
      expect.stringMatching(/^data:image\/png;base64,iVBOR/),
    ]);
  });
});
