// SPDX-License-Identifier: Apache-2.0
// Messages that people opened or clicked in, apart from those that only programs did.

export interface Whose {
  label: string;
  all: number;
  people: number;
  /** Those that a machine did too, or alone. */
  machines: number;
  /** Those of which only machines are known. */
  alone: number;
}

/** How many each of the metrics counts. */
export type CountOf = (metric: string) => number;

/** How many more there are than people's: each that was opened was so by a person, a machine, or both. */
export function alone(all: number, people: number): number {
  return Math.max(0, all - people);
}

/** Messages that were opened, and clicked in, by whom. */
export function whose(count: CountOf): Whose[] {
  return (
    [
      ["Opened", "opened", "human_opened", "prefetch_opened"],
      ["Clicked in", "clicked", "human_clicked", "machine_clicked"],
    ] as const
  ).map(([label, all, people, machines]) => ({
    label,
    all: count(all),
    people: count(people),
    machines: count(machines),
    alone: alone(count(all), count(people)),
  }));
}

/** What the two are, for whoever reads the numbers. */
export const WHOSE_WORDS =
  "Machines are programs that load pictures or follow links before anybody looks: mail privacy protection (Apple Mail), security scanners, prefetching. What they do says nothing of readers, so people's numbers are the ones to compare. A message may be opened by both; a program that poses as a browser is taken for a person.";
