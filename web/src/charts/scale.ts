// SPDX-License-Identifier: Apache-2.0
// Numbers for charts: ticks that people would choose, places of points, labels that do not run into each other.

const NICE = [1, 2, 5, 10];

/** Round values from 0 to at least `max`, about `count` steps; whole numbers where `max` is a count. */
export function niceTicks(max: number, count = 4, whole = true): number[] {
  if (!(max > 0)) return whole ? [0, 1] : [0, 0.5, 1];
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = NICE.find((one) => one * power >= rough * 0.999) ?? 10;
  const step = whole ? Math.max(1, nice * power) : nice * power;
  const ticks = [];
  for (let at = 0; ; at += 1) {
    const tick = Number((at * step).toPrecision(12));
    ticks.push(tick);
    if (tick >= max) return ticks;
  }
}

/** Where value number `index` of `count` stands on a line of `width`. */
export function placeOf(index: number, count: number, width: number): number {
  return count <= 1 ? width / 2 : (index * width) / (count - 1);
}

/** The points of a line as SVG writes them; `top`: the value at height 0. */
export function points(values: readonly number[], width: number, height: number, top: number): string {
  return values
    .map((value, index) => {
      const x = placeOf(index, values.length, width);
      const y = height - (top > 0 ? (value / top) * height : 0);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}

/** Which of `count` labels, each about `each` wide, to show on `width`: evenly, the last one always. */
export function labelled(count: number, width: number, each: number): number[] {
  const room = Math.max(1, Math.floor(width / each));
  const step = Math.max(1, Math.ceil(count / room));
  const found = [];
  for (let index = count - 1; index >= 0; index -= step) found.push(index);
  return found.reverse();
}

/** The nearest of `count` values to a place on a line of `width`. */
export function nearest(x: number, count: number, width: number): number {
  if (count <= 1 || width <= 0) return 0;
  return Math.min(count - 1, Math.max(0, Math.round((x / width) * (count - 1))));
}

/** Widths of parts in a bar of `width`: each that is not nothing can be seen, and together they fill no more than there is. */
export function widths(values: readonly number[], total: number, width: number, least = 3): number[] {
  if (total <= 0) return values.map(() => 0);
  const raw = values.map((value) => (value <= 0 ? 0 : Math.max(least, (value / total) * width)));
  const sum = raw.reduce((one, other) => one + other, 0);
  const wanted = Math.min(
    width,
    values.reduce((one, other) => one + Math.max(0, other), 0) >= total ? width : sum,
  );
  if (sum <= wanted) return raw;
  const spare = raw.map((value) => Math.max(0, value - least));
  const spareSum = spare.reduce((one, other) => one + other, 0);
  const over = sum - wanted;
  return raw.map((value, index) =>
    spareSum > 0 ? Math.max(0, value - ((spare[index] ?? 0) / spareSum) * over) : value,
  );
}
