import { type SyntheticEvent, useState } from "react";

/** One line to write and a button to send it. What could not be sent comes back, unless something else was written. */
export function LineComposer(props: {
  readonly label: string;
  readonly isReady?: boolean;
  /** Resolves with whether the text was taken. */
  readonly send: (text: string) => Promise<boolean>;
}) {
  const { label, isReady = true, send } = props;
  const [text, setText] = useState("");
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() === "" || !isReady) return;
    setText("");
    if (!(await send(text))) setText((since) => since || text);
  };
  return (
    <form className="composer" onSubmit={(event) => void submit(event)}>
      <div className="line">
        <input
          aria-label={label}
          placeholder={label}
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <button type="submit" disabled={text.trim() === "" || !isReady}>
          Send
        </button>
      </div>
    </form>
  );
}
