import { type SyntheticEvent, useState } from "react";
import { moveInRow } from "../../arrow_keys.ts";
import type { Place, PlatformName, PlatformState } from "../../../protocol.ts";
import { usePlayground } from "../../playground_context.ts";

/** The platform's channels with their threads, and buttons that add a channel and a person. */
export function ChannelStrip(props: {
  readonly platform: PlatformName;
  readonly platformState: PlatformState;
  readonly place: Place;
  readonly choose: (place: Place) => void;
}) {
  const { platform, platformState, place, choose } = props;
  const { send } = usePlayground();
  const [adding, setAdding] = useState<"channel" | "person">();
  const add = async (name: string) => {
    setAdding(undefined);
    if (name.trim() === "") return;
    if (adding === "person") {
      await send({ kind: "addPerson", platform, name });
      return;
    }
    const id = await send({ kind: "addChannel", platform, name });
    if (id !== undefined) choose({ channel: id });
  };
  if (adding !== undefined) return <NameForm what={adding} add={add} />;
  return (
    <div className="strip" role="toolbar" aria-label="Channels" onKeyDown={moveInRow}>
      {platformState.channels.flatMap((channel) => [
        <Entry
          key={channel.id}
          isCurrent={place.channel === channel.id && place.thread === undefined}
          onClick={() => choose({ channel: channel.id })}
        >
          # {channel.name}
        </Entry>,
        ...channel.threads.map((thread) => (
          <Entry
            key={`${channel.id} ${thread.id}`}
            isCurrent={place.channel === channel.id && place.thread === thread.id}
            onClick={() => choose({ channel: channel.id, thread: thread.id })}
          >
            ↳ {thread.name}
          </Entry>
        )),
      ])}
      {(["channel", "person"] as const).map((what) => (
        <button
          key={what}
          type="button"
          className="entry add"
          tabIndex={-1}
          onClick={() => setAdding(what)}
        >
          + {what}
        </button>
      ))}
    </div>
  );
}

function Entry(props: {
  readonly isCurrent: boolean;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}) {
  const { isCurrent, onClick, children } = props;
  return (
    <button
      type="button"
      className="entry"
      tabIndex={isCurrent ? 0 : -1}
      aria-current={isCurrent ? "page" : undefined}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

function NameForm(props: { readonly what: string; readonly add: (name: string) => Promise<void> }) {
  const { what, add } = props;
  const [name, setName] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void add(name);
  };
  return (
    <form className="strip" onSubmit={submit}>
      <input
        autoFocus
        aria-label={`Name of the new ${what}`}
        placeholder={`name of the ${what}, then Enter`}
        value={name}
        onChange={({ target }) => setName(target.value)}
        onKeyDown={({ key }) => {
          if (key === "Escape") void add("");
        }}
      />
    </form>
  );
}
