import { type KeyboardEvent, useState } from "react";
import type { Named, Place, PlatformName } from "../../../protocol.ts";
import { usePlayground } from "../../playground_context.ts";

/** The input field, for writing as one of several people. Enter sends, Shift+Enter starts a new line. */
export function Composer(props: {
  readonly platform: PlatformName;
  readonly place: Place;
  readonly placeName: string;
  readonly botName: string;
  readonly people: readonly Named[];
  readonly speaker: Named;
  readonly setSpeaker: (id: string) => void;
}) {
  const { platform, place, placeName, botName, people, speaker, setSpeaker } = props;
  const { send } = usePlayground();
  const [text, setText] = useState("");

  const say = async (message: string, withImage = false) => {
    if (message.trim() === "") return;
    setText("");
    const said = { person: speaker.id, text: message, withImage };
    const id = await send({ kind: "say", platform, ...place, ...said });
    // Restores a refused message, so that it can be corrected.
    if (id === undefined) setText((typed) => (typed === "" ? message : typed));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void say(text);
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void say(text);
      }}
    >
      <div className="line">
        <label className="as">
          as{" "}
          <select
            aria-label="Write as"
            value={speaker.id}
            onChange={({ target }) => setSpeaker(target.value)}
          >
            {people.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <textarea
          rows={1}
          aria-label={`Message ${placeName}`}
          placeholder={`Message ${placeName}`}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" disabled={text.trim() === ""}>
          Send
        </button>
      </div>
      <div className="chips">
        {[`@${botName} hello!`, "Write a long reply."].map((line) => (
          <button key={line} type="button" className="chip" onClick={() => void say(line)}>
            {line}
          </button>
        ))}
        <button
          type="button"
          className="chip"
          onClick={() => void say(text.trim() === "" ? "What is wrong here?" : text, true)}
        >
          + image
        </button>
      </div>
    </form>
  );
}
