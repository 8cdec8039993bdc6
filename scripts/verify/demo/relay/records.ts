import type { PlatformName } from "../../../../bridges/platform.ts";
import { answerTo, type ChatLine } from "../../../stand_ins/openai/answers.ts";
import type { Stack } from "../../../stand_ins/stack.ts";
import { bare, type Names, plainText } from "../plain_text.ts";
import { type RelayRecord, type Said, saidBy } from "./record.ts";

/** A mapped channel that hears others. */
interface RelayedChannel {
  readonly platform: PlatformName;
  readonly channel: string;
  /** The length of the platform's `history` when it was mapped. */
  readonly since: number;
}

/** What the platforms and the AI recorded of channels that hear each other. `names`: of people and bots, by id. */
export function relayRecords(
  stack: Stack,
  channels: readonly RelayedChannel[],
  names: Names,
): RelayRecord[] {
  const said = channels.map((place) => saidIn(stack, place, names));
  const answers = answersTo(stack, said.flat());
  const bots = channels.map(({ platform }) => `@${names.get(stack.chat(platform).botId) ?? ""}`);
  return channels.map(({ platform, channel }, here): RelayRecord => {
    const chat = stack.chat(platform);
    const asking = [chat.mention(chat.botId), ...bots];
    return {
      platform,
      said: said.flatMap((messages, place) => (place === here ? [] : messages)),
      posts: chat.posts.filter((post) => post.channel === channel),
      seen: chat.transcript(channel).filter(({ authorId }) => authorId !== chat.botId),
      asks: (text) => asking.some((mention) => text.includes(mention)),
      answers,
    };
  });
}

function saidIn(stack: Stack, { platform, channel, since }: RelayedChannel, names: Names): Said[] {
  const acts = stack.chat(platform).history.slice(since);
  return saidBy(
    acts.filter((act) => act.channel === channel),
    (person) => names.get(person) ?? person,
    (text) => plainText(platform, text, names),
  );
}

/** What the AI answered where it was sent one of these messages. The other answers are for other channels. */
function answersTo({ openai }: Stack, said: readonly Said[]): string[] {
  const known = said.map(({ author, text }) => bare(`${author}: ${text}`));
  const isKnown = ({ content }: ChatLine) => {
    const read = bare(content);
    return known.some((each) => read.endsWith(each));
  };
  return openai.requests.flatMap(({ messages }) =>
    messages.some(isKnown) ? [answerTo(messages)] : [],
  );
}
