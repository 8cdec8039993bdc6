import { useMutation } from "convex/react";
import { type SyntheticEvent, useState } from "react";
import { api } from "../../../../../../convex/_generated/api.js";
import type { MappingRow } from "../../../../../../convex/model/rows/mappings.ts";
import type { ReplyIn, Trigger } from "../../../../../../convex/model/shared/validators.ts";
import type { PlatformName } from "../../../protocol.ts";
import { usePlayground } from "../../playground_context.ts";

const TRIGGERS: readonly { readonly value: Trigger; readonly label: string }[] = [
  { value: "always", label: "every message" },
  { value: "mention", label: "when mentioned" },
  { value: "never", label: "never" },
];

const PLACES: readonly { readonly value: ReplyIn; readonly label: string }[] = [
  { value: "channel", label: "in the channel" },
  { value: "thread", label: "in a thread" },
];

/** The Convex channel that a channel is mapped to, with controls to change the mapping. */
export function MappingBar(props: {
  readonly platform: PlatformName;
  readonly channel: string;
  readonly name: string;
  readonly mappings: readonly MappingRow[] | undefined;
}) {
  const { platform, channel, name, mappings } = props;
  const { attempt } = usePlayground();
  const change = useMutation(api.admin.change);
  const unmap = useMutation(api.admin.unmap);
  const mapping = mappings?.find((row) => row.platform === platform && row.externalId === channel);
  const key = { platform, externalId: channel };
  if (!mappings) return <p className="mapping">…</p>;
  if (!mapping) return <MapForm {...key} name={name} />;
  const paused = mapping.state === "paused";
  return (
    <details className="mapping" data-state={mapping.state}>
      <summary>
        <span className="to">→ {mapping.channelName}</span> · {summaryOf(mapping)}
      </summary>
      <div className="controls">
        <Choice
          label="Answer"
          options={TRIGGERS}
          value={mapping.trigger}
          choose={(trigger) => void attempt(() => change({ ...key, trigger }))}
        />
        <Relay
          isOn={mapping.relaySince !== undefined}
          choose={(relay) => void attempt(() => change({ ...key, relay }))}
        />
        <Choice
          label="Reply"
          isLabelHidden
          options={PLACES}
          value={mapping.replyIn}
          choose={(replyIn) => void attempt(() => change({ ...key, replyIn }))}
        />
        <button
          type="button"
          onClick={() =>
            void attempt(() => change({ ...key, state: paused ? "active" : "paused" }))
          }
        >
          {paused ? "Resume" : "Pause"}
        </button>
        <button type="button" onClick={() => void attempt(() => unmap(key))}>
          Unmap
        </button>
      </div>
    </details>
  );
}

/** The mapping in words. */
function summaryOf({ state, trigger, replyIn, relaySince }: MappingRow): string {
  if (state === "paused") return "paused";
  const answers = {
    always: "AI answers every message",
    mention: "AI answers when mentioned",
    never: "AI answers nothing",
  }[trigger];
  const where = trigger !== "never" && replyIn === "thread" ? " in a thread" : "";
  return `${answers}${where}${relaySince === undefined ? "" : " · relay"}`;
}

function MapForm(props: {
  readonly platform: PlatformName;
  readonly externalId: string;
  readonly name: string;
}) {
  const { platform, externalId, name } = props;
  const { attempt } = usePlayground();
  const map = useMutation(api.admin.map);
  const [to, setTo] = useState(name);
  const [trigger, setTrigger] = useState<Trigger>("always");
  const [relay, setRelay] = useState(true);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void attempt(() => map({ platform, externalId, externalName: name, to, trigger, relay }));
  };
  return (
    <form className="mapping" data-state="unmapped" onSubmit={submit}>
      <span className="to">not mapped</span>
      <div className="controls">
        <label>
          To{" "}
          <input
            aria-label="Convex channel"
            value={to}
            onChange={({ target }) => setTo(target.value)}
          />
        </label>
        <Choice<Trigger>
          label="Answer"
          options={TRIGGERS}
          value={trigger}
          choose={(chosen) => setTrigger(chosen)}
        />
        <Relay isOn={relay} choose={setRelay} />
        <button type="submit" className="primary">
          Map
        </button>
      </div>
    </form>
  );
}

/** Whether what is said in the other channels of the Convex channel appears here. */
function Relay({ isOn, choose }: { isOn: boolean; choose: (isOn: boolean) => void }) {
  return (
    <label title="Show here what is said in the other channels of this Convex channel">
      <input type="checkbox" checked={isOn} onChange={({ target }) => choose(target.checked)} />
      Relay
    </label>
  );
}

function Choice<Value extends string>(props: {
  readonly label: string;
  readonly isLabelHidden?: boolean;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly value: Value;
  readonly choose: (value: Value) => void;
}) {
  const { label, isLabelHidden = false, options, value, choose } = props;
  return (
    <label>
      {!isLabelHidden && label}{" "}
      <select
        aria-label={label}
        value={value}
        onChange={({ target }) => {
          const chosen = options.find((option) => option.value === target.value);
          if (chosen) choose(chosen.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}
