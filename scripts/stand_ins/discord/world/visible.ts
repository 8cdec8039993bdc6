import { MessageType } from "discord-api-types/v10";
import type { ChatChange, VisibleMessage } from "../../chat.ts";
import { placeOf } from "../backend.ts";
import { displayName, type Message, type WorldEvent } from "./model.ts";
import type { World } from "./world.ts";

const CHAT_MESSAGES = new Set<MessageType>([
  MessageType.Default,
  MessageType.Reply,
  MessageType.ChatInputCommand,
  MessageType.ContextMenuCommand,
]);

/** Whether a message was written by a person or a bot, and is not a system message. */
export function isChatMessage(message: Message): boolean {
  return CHAT_MESSAGES.has(message.type);
}

/** A message as people see it. */
export function visibleMessage(world: World, message: Message): VisibleMessage {
  const files = message.attachments.flatMap(({ id }) => world.cdn.fileOf(id) ?? []);
  const { author, channel, reference } = message;
  return {
    id: message.id,
    author: displayName(author),
    authorId: author.id,
    text: message.content,
    edited: message.editedAt !== undefined,
    fromBot: author.kind === "self" || author.madeBy?.kind === "self",
    ...(author.kind === "webhook" && author.madeBy?.kind === "self" && { inPersona: true }),
    ...(reference ? { replyTo: reference.messageId } : {}),
    ...(channel.kind === "thread" ? { thread: channel.id } : {}),
    ...(files.length > 0 ? { files } : {}),
    ...(message.reactions.length > 0 ? { reactions: reactionsOf(message) } : {}),
  };
}

function reactionsOf({ reactions }: Message): NonNullable<VisibleMessage["reactions"]> {
  return reactions.map(({ emoji: { id, name }, users }) => ({
    emoji: id === null ? name : `:${name}:`,
    people: [...users],
  }));
}

/** The visible changes that an event causes. */
export function changesOf(world: World, event: WorldEvent): ChatChange[] {
  switch (event.kind) {
    case "messageCreated":
      return changes(world, "new", [event.message]);
    case "messageUpdated":
      return event.visible ? changes(world, "edited", [event.message]) : [];
    case "messageDeleted":
      return changes(world, "deleted", [event.message]);
    case "messagesDeleted":
      return changes(world, "deleted", event.messages);
    case "reactionAdded":
    case "reactionRemoved":
    case "reactionsCleared":
    case "emojiCleared":
      return changes(world, "reacted", [event.message]);
    case "channelCreated":
    case "channelUpdated":
    case "channelDeleted":
    case "accessGained":
    case "guildChanged":
    case "threadCreated":
    case "threadUpdated":
    case "threadDeleted":
    case "webhooksUpdated":
      return [];
  }
}

function changes(
  world: World,
  kind: ChatChange["kind"],
  messages: readonly Message[],
): ChatChange[] {
  return messages.filter(isChatMessage).map((message) => ({
    kind,
    ...placeOf(message.channel),
    message: visibleMessage(world, message),
  }));
}
