import { type Path, PATHS } from "../hostile/paths.ts";
import { type Shape, SHAPES } from "../hostile/shapes.ts";
import { figure, type Part, type Row } from "../part.ts";

/** In UTF-16 units. Each text of the second size is to take at most `MESSAGE_MS`, of a path's largest `MOST_MS`. */
const SIZES = [1_000, 4_000, 10_000, 100_000, 1_000_000] as const;
const MESSAGE_MS = 20;
const MOST_MS = 2_000;
/** From a tenth of the largest to the largest. Ten would be linear; the rest is memory. */
const GROWTH = 15;
/** Shorter times say nothing about growth: compiling and collecting garbage take as long. */
const MEASURABLE_MS = 20;
const ROUNDS = 3;

/** Processor time in ms, by size. */
type Times = Partial<Record<(typeof SIZES)[number], number>>;

interface Measured {
  readonly shape: Shape;
  readonly times: Times;
}

/** What texts cost that were made to cost much, on each way through the bridge. */
export const hostile: Part = {
  name: "hostile",
  run(progress) {
    const rows = PATHS.flatMap((path) => {
      progress(path.name);
      // Once through everything, so that no shape pays for compiling.
      for (const shape of SHAPES) path.run(shape.make(400));
      return rowsOf(
        path,
        SHAPES.map((shape) => ({ shape, times: measure(path, shape) })),
      );
    });
    return Promise.resolve(rows);
  },
};

function measure(path: Path, shape: Shape): Times {
  const times: Times = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const size of SIZES.filter((each) => each <= path.largest)) {
      const ms = timeOf(path, shape.make(size));
      times[size] = Math.min(ms, times[size] ?? Infinity);
      if (ms > MOST_MS) break;
    }
    if (isWithin(path, times)) break;
  }
  return times;
}

/** Processor time, which a busy machine distorts less. */
function timeOf(path: Path, text: string): number {
  const before = process.cpuUsage();
  path.run(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function growthOf({ largest }: Path, times: Times): number {
  const tenth = largest === 1_000_000 ? 100_000 : 10_000;
  const [less = Infinity, more = Infinity] = [times[tenth], times[largest]];
  return more / Math.max(less, MEASURABLE_MS);
}

function isWithin(path: Path, times: Times): boolean {
  const [message = Infinity, most = Infinity] = [times[4_000], times[path.largest]];
  return message <= MESSAGE_MS && most <= MOST_MS && growthOf(path, times) <= GROWTH;
}

function rowsOf(path: Path, measured: readonly Measured[]): Row[] {
  const { name, largest } = path;
  const most = (value: (times: Times) => number) =>
    measured
      .map(({ shape, times }) => ({ shape: shape.name, value: value(times) }))
      .reduce((worst, each) => (each.value > worst.value ? each : worst));
  const row = (what: string, unit: string, limit: number, value: (times: Times) => number): Row => {
    const worst = most(value);
    return {
      what: `${name}: ${what}`,
      measured: `${figure(worst.value)} ${unit} (${worst.shape})`,
      budget: { text: `<= ${limit} ${unit}`, ok: worst.value <= limit },
    };
  };
  const data = measured.map(({ shape, times }) => ({ shape: shape.name, ms: times }));
  return [
    { ...row("4 kB, the most", "ms", MESSAGE_MS, (times) => times[4_000] ?? Infinity), data },
    row(`${largest / 1_000} kB, the most`, "ms", MOST_MS, (times) => times[largest] ?? Infinity),
    row("growth to that from a tenth, the most", "times", GROWTH, (times) => growthOf(path, times)),
  ];
}
