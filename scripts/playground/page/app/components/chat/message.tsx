import { type KeyboardEvent, useState } from "react";
import { THUMBS, type ChatMessage, type Place, type PlatformName } from "../../../protocol.ts";
import { Avatar } from "./avatar.tsx";
import { Markdown, Plain } from "./markdown.tsx";
import { Reactions } from "./reactions.tsx";
import { usePlayground } from "../../playground_context.ts";
import { clockTime, sentAt } from "../../times.ts";

/** Longest excerpt of the message that a message answers, in characters. */
const EXCERPT = 60;

/**
 * One message, with buttons to react to it, to edit and delete it and to open its thread. They are no stops of the Tab key:
 * see arrow_keys.ts.
 */
export function Message(props: {
  readonly platform: PlatformName;
  readonly message: ChatMessage;
  readonly place: Place;
  readonly names: ReadonlyMap<string, string>;
  /** The id of who reacts. */
  readonly me: string;
  /** The message it answers, if the platform shows that. */
  readonly answered?: ChatMessage | undefined;
  /** How many messages its thread has. */
  readonly replies?: number;
  /** Opens its thread. Absent if it can't have one. */
  readonly onThread?: () => Promise<void>;
}) {
  const { platform, message, place, names, me, answered, replies = 0, onThread } = props;
  const { send } = usePlayground();
  const [draft, setDraft] = useState<string>();
  const target = { platform, ...place, id: message.id };
  const sent = sentAt(platform, message.id);
  const label = `${message.author} at ${clockTime(sent)}`;

  const react = (thumb: (typeof THUMBS)[number]) =>
    void send({ kind: "react", ...target, person: me, thumb });
  const save = () => {
    setDraft(undefined);
    if (draft !== undefined && draft.trim() !== "")
      void send({ kind: "edit", ...target, text: draft });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") setDraft(undefined);
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    save();
  };
  return (
    <li className="message" aria-label={label} data-bot={message.fromBot} tabIndex={-1}>
      {answered && (
        <p className="answers">
          ↱ <b>{answered.author}</b> {excerpt(answered.text)}
        </p>
      )}
      <Avatar name={message.author} bot={message.fromBot && !message.inPersona} />
      <div className="body">
        <p className="by">
          <b>{message.author}</b>
          {message.fromBot && <span className="app">APP</span>}
          <time dateTime={sent.toISOString()}>{clockTime(sent)}</time>
          {message.edited && <span className="edited">(edited)</span>}
        </p>
        {draft === undefined ? (
          <div className="text">
            {platform === "slack" && !message.fromBot ? (
              <Plain text={message.text} names={names} />
            ) : (
              <Markdown text={message.text} names={names} />
            )}
          </div>
        ) : (
          <div className="edit">
            <textarea
              autoFocus
              aria-label="Edit message"
              value={draft}
              onChange={({ target }) => setDraft(target.value)}
              onKeyDown={onKeyDown}
            />
            <button type="button" onClick={save}>
              Save
            </button>
            <button type="button" onClick={() => setDraft(undefined)}>
              Cancel
            </button>
          </div>
        )}
        {message.images.map((image, at) => (
          <img key={at} className="image" src={image} alt={`Picture of ${message.author}`} />
        ))}
        <Reactions reactions={message.reactions} me={me} names={names} react={react} />
        {replies > 0 && onThread && (
          <button
            type="button"
            className="thread-link"
            tabIndex={-1}
            onClick={() => void onThread()}
          >
            {replies === 1 ? "1 reply" : `${replies} replies`} ›
          </button>
        )}
      </div>
      <div className="actions">
        {THUMBS.map((thumb) => (
          <button
            key={thumb}
            type="button"
            tabIndex={-1}
            aria-label={`React with ${thumb}`}
            onClick={() => react(thumb)}
          >
            {thumb}
          </button>
        ))}
        {onThread && (
          <button type="button" tabIndex={-1} onClick={() => void onThread()}>
            Thread
          </button>
        )}
        {!message.fromBot && (
          <button type="button" tabIndex={-1} onClick={() => setDraft(message.text)}>
            Edit
          </button>
        )}
        <button
          type="button"
          tabIndex={-1}
          onClick={() => void send({ kind: "remove", ...target })}
        >
          Delete
        </button>
      </div>
    </li>
  );
}

function excerpt(text: string): string {
  const line = Array.from(text.replace(/\s+/g, " "));
  return line.length <= EXCERPT ? line.join("") : `${line.slice(0, EXCERPT).join("")}…`;
}
