// SPDX-License-Identifier: Apache-2.0
// What is said of a provider. Without a DOM.

export interface Setting {
  name: string;
  value: string | null;
  secret: boolean;
  given: boolean;
}

export interface Provider {
  channel: string;
  provider: string;
  captures: boolean;
  connections: number;
  refuses_repeats: boolean;
  settings: Setting[];
  others: string[];
}

/** What it can do, in sentences. */
export function wordsOf(provider: Provider): string[] {
  const at = provider.connections === 1 ? "one message" : `${provider.connections} messages`;
  return [
    provider.captures
      ? "Every message is captured on this machine: nothing leaves it."
      : `Messages are handed to ${provider.provider}.`,
    `Each process hands over up to ${at} at once.`,
    provider.refuses_repeats
      ? "It refuses to send a message twice, so one in doubt can be sent again."
      : "It cannot tell a repeat: a message in doubt waits for somebody’s decision, unless the broadcast says otherwise.",
  ];
}

/** The environment variable that sets an option. */
export function variableOf(provider: string, option: string): string {
  return provider === "outbox" ? "CLARION_DATA_DIR" : `CLARION_${provider}_${option}`.toUpperCase();
}
