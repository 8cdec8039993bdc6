import { type SyntheticEvent, useState } from "react";
import type { Place, PlatformName, PlatformState } from "../../protocol.ts";
import { Avatar } from "./avatar.tsx";
import { usePlayground } from "../playground_context.ts";

/** The platform's channels with their threads, and its members. */
export function Sidebar(props: {
  readonly platform: PlatformName;
  readonly platformState: PlatformState;
  readonly place: Place;
  readonly choose: (place: Place) => void;
}) {
  const { platform, platformState, place, choose } = props;
  const { send } = usePlayground();
  return (
    <div className="sidebar">
      <h3 id={`${platform}-channels`}>Channels</h3>
      <ul aria-labelledby={`${platform}-channels`}>
        {platformState.channels.map((channel) => (
          <li key={channel.id}>
            <Entry
              current={place.channel === channel.id && place.thread === undefined}
              onClick={() => choose({ channel: channel.id })}
            >
              # {channel.name}
            </Entry>
            {channel.threads.length > 0 && (
              <ul className="threads" aria-label={`Threads in ${channel.name}`}>
                {channel.threads.map((thread) => (
                  <li key={thread.id}>
                    <Entry
                      current={place.channel === channel.id && place.thread === thread.id}
                      onClick={() => choose({ channel: channel.id, thread: thread.id })}
                    >
                      ↳ {thread.name}
                    </Entry>
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
      <Adder
        what="channel"
        add={async (name) => {
          const id = await send({ kind: "addChannel", platform, name });
          if (id !== undefined) choose({ channel: id });
        }}
      />
      <h3 id={`${platform}-people`}>Members</h3>
      <ul className="people" aria-labelledby={`${platform}-people`}>
        <li>
          <Avatar name={platformState.bot.name} bot /> {platformState.bot.name}{" "}
          <span className="app">APP</span>
        </li>
        {platformState.people.map(({ id, name }) => (
          <li key={id}>
            <Avatar name={name} /> {name}
          </li>
        ))}
      </ul>
      <Adder
        what="person"
        add={async (name) => {
          await send({ kind: "addPerson", platform, name });
        }}
      />
    </div>
  );
}

function Entry(props: {
  readonly current: boolean;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}) {
  return (
    <button
      type="button"
      className="entry"
      aria-current={props.current ? "page" : undefined}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

/** A button that turns into an input field for a name. */
function Adder(props: { readonly what: string; readonly add: (name: string) => Promise<void> }) {
  const { what, add } = props;
  const [name, setName] = useState<string>();
  if (name === undefined) {
    return (
      <button type="button" className="entry add" onClick={() => setName("")}>
        + {what}
      </button>
    );
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setName(undefined);
    if (name.trim() !== "") void add(name);
  };
  return (
    <form onSubmit={submit}>
      <input
        autoFocus
        aria-label={`Name of the new ${what}`}
        placeholder="name, then Enter"
        value={name}
        onChange={({ target }) => setName(target.value)}
        onKeyDown={({ key }) => {
          if (key === "Escape") setName(undefined);
        }}
      />
    </form>
  );
}
