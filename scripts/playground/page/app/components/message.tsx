import { type KeyboardEvent, useState } from "react";
import type { ChatMessage, Place, PlatformName } from "../../protocol.ts";
import { Avatar } from "./avatar.tsx";
import { Markdown, Plain } from "./markdown.tsx";
import { usePlayground } from "../playground_context.ts";
import { clockTime, timeOf } from "../times.ts";

/** Longest excerpt of what a message answers, in characters. */
const EXCERPT = 60;

/** One message, with what one can do to it. */
export function Message(props: {
  readonly platform: PlatformName;
  readonly message: ChatMessage;
  readonly place: Place;
  readonly names: ReadonlyMap<string, string>;
  /** What it answers, where the platform shows that. */
  readonly answered?: ChatMessage | undefined;
  /** Messages in its thread. */
  readonly replies?: number;
  /** Opens its thread. Absent where there can be none. */
  readonly onThread?: () => Promise<void>;
}) {
  const { platform, message, place, names, answered, replies = 0, onThread } = props;
  const { send } = usePlayground();
  const [draft, setDraft] = useState<string>();
  const about = { platform, ...place, id: message.id };
  const sent = timeOf(platform, message.id);
  const label = `${message.author} at ${clockTime(sent)}`;

  const save = () => {
    setDraft(undefined);
    if (draft !== undefined && draft.trim() !== "")
      void send({ kind: "edit", ...about, text: draft });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") setDraft(undefined);
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    save();
  };
  return (
    <li className="message" aria-label={label} data-bot={message.fromBot}>
      {answered && (
        <p className="answers">
          ↱ <b>{answered.author}</b> {excerpt(answered.text)}
        </p>
      )}
      <Avatar name={message.author} bot={message.fromBot} />
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
              aria-label="Change the message"
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
        {replies > 0 && onThread && (
          <button type="button" className="thread-link" onClick={() => void onThread()}>
            {replies === 1 ? "1 reply" : `${replies} replies`} ›
          </button>
        )}
      </div>
      <div className="actions">
        {onThread && (
          <button type="button" onClick={() => void onThread()}>
            Thread
          </button>
        )}
        {!message.fromBot && (
          <button type="button" onClick={() => setDraft(message.text)}>
            Edit
          </button>
        )}
        <button type="button" onClick={() => void send({ kind: "remove", ...about })}>
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
