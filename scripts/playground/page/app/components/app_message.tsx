import type { FunctionReturnType } from "convex/server";
import type { api } from "../../../../../convex/_generated/api.js";
import { useFile } from "../hooks/use_file.ts";
import { clockTime } from "../times.ts";
import { Avatar } from "./chat/avatar.tsx";
import { Markdown } from "./chat/markdown.tsx";

type Message = FunctionReturnType<typeof api.apps.messages>["page"][number];

const NAMES: ReadonlyMap<string, string> = new Map();

const PLACES = { discord: "Discord", slack: "Slack" } as const;

/** A message as an app shows it. */
export function AppMessage(props: { readonly message: Message }) {
  const { author, text, sentAt, editedAt, thread, attachments, reactions } = props.message;
  const sent = new Date(sentAt);
  const isAi = author.kind === "ai";
  const from = author.platform ? `on ${PLACES[author.platform]}` : isAi ? "" : "here";
  const label = `${author.name} at ${clockTime(sent)}`;
  return (
    <li className="message" aria-label={label} data-bot={isAi} tabIndex={-1}>
      <Avatar name={author.name} bot={isAi} />
      <div className="body">
        <p className="by">
          <b>{author.name}</b>
          <span className="from">{from}</span>
          <time dateTime={sent.toISOString()}>{clockTime(sent)}</time>
          {thread && <span className="edited">in a thread</span>}
          {editedAt !== undefined && <span className="edited">(edited)</span>}
        </p>
        <div className="text">
          <Markdown text={text} names={NAMES} />
        </div>
        {attachments.map((attachment) => (
          <File key={attachment.url} attachment={attachment} />
        ))}
        <p className="reactions">
          {reactions.map(({ emoji, count }) => (
            <span key={emoji}>
              {emoji} {count}
            </span>
          ))}
        </p>
      </div>
    </li>
  );
}

type Attachment = Message["attachments"][number];

/** A file: an image once it is held, otherwise its name. */
function File({ attachment: { fileId, name, type = "" } }: { readonly attachment: Attachment }) {
  return fileId !== undefined && type.startsWith("image/") ? (
    <Picture fileId={fileId} name={name} />
  ) : (
    <p className="file">▣ {name}</p>
  );
}

function Picture({ fileId, name }: { readonly fileId: string; readonly name: string }) {
  const url = useFile(fileId);
  if (url === undefined) return <p className="file">▣ {name}</p>;
  return <img className="image" src={url} alt={name} />;
}
