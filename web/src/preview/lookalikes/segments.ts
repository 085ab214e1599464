// SPDX-License-Identifier: Apache-2.0
// In how many pieces an SMS goes out, and which letters make it dear. Without a DOM.

// GSM 03.38: the characters that an SMS has room for 160 of, and those that take two places.
const GSM =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_TWICE = "^{}\\[~]|€\f";
/** What word processors write, and what says the same within the alphabet. */
const PLAIN: Readonly<Record<string, string>> = {
  "‘": "'",
  "’": "'",
  "‚": ",",
  "“": '"',
  "”": '"',
  "„": '"',
  "–": "-",
  "—": "-",
  "…": "...",
  "\u00a0": "a blank",
  "\u2011": "-",
  "`": "'",
  "«": '"',
  "»": '"',
  "•": "-",
};

export interface Foreign {
  character: string;
  /** What would do instead. */
  instead: string | null;
}

export interface Segments {
  count: number;
  /** Of characters, as the encoding counts them. */
  length: number;
  encoding: "GSM-7" | "UCS-2";
  /** How many more fit before there is another piece. */
  left: number;
  /** Those that are not in the alphabet of SMS, each once. */
  foreign: Foreign[];
}

/** 160 places in GSM-7, 70 in UCS-2; of several pieces each has 153 or 67, and no character is cut in two. */
export function segmentsOf(text: string): Segments {
  const characters = [...text];
  const outside = characters.filter((one) => !GSM.includes(one) && !GSM_TWICE.includes(one));
  const plain = outside.length === 0;
  const sizes = characters.map((one) => (plain ? (GSM_TWICE.includes(one) ? 2 : 1) : one.length));
  const length = sizes.reduce((sum, one) => sum + one, 0);
  const [alone, each] = plain ? [160, 153] : [70, 67];
  let count = length === 0 ? 0 : 1;
  let room = alone - length;
  if (length > alone) {
    room = each;
    for (const size of sizes) {
      if (size > room) {
        count += 1;
        room = each;
      }
      room -= size;
    }
  }
  return {
    count,
    length,
    encoding: plain ? "GSM-7" : "UCS-2",
    left: room,
    foreign: [...new Set(outside)].map((character) => ({ character, instead: PLAIN[character] ?? null })),
  };
}

const INVISIBLE: Readonly<Record<string, string>> = {
  "\u00a0": "a no-break space",
  "\u2011": "a no-break hyphen",
  "\u200b": "a blank of no width",
  "\u200d": "a joiner",
  "\ufe0f": "a mark of how a picture letter looks",
  "\t": "a tab",
};
const MOST_NAMED = 5;

/** Which characters make it dear, and what would do instead; "" of none. */
export function foreignWords({ foreign }: Segments): string {
  if (foreign.length === 0) return "";
  const names = foreign.slice(0, MOST_NAMED).map(({ character, instead }) => {
    const name = INVISIBLE[character] ?? `“${character}”`;
    return instead === null ? name : `${name} (${instead} would do)`;
  });
  if (foreign.length > MOST_NAMED) names.push(`${foreign.length - MOST_NAMED} more`);
  const last = names.pop();
  const all = names.length > 0 ? `${names.join(", ")} and ${last}` : last;
  return `${all} ${foreign.length === 1 ? "is" : "are"} not in the alphabet of SMS (GSM-7), so a segment holds 67 to 70 characters, not 153 to 160.`;
}
