// SPDX-License-Identifier: Apache-2.0
// What is said of a sender: by which accounts its mail goes, and which DNS records its domain needs. Without a DOM.
import { OURS } from "../../api/client";

export interface Sender {
  id: number;
  name: string;
  email: string;
  address: string;
  hidden: boolean;
}

/** `value`: null where only the provider knows it. */
export interface DnsRecord {
  purpose: string;
  type: string;
  name: string;
  value: string | null;
  note: string;
}

export interface Carrier {
  account: string;
  provider: string;
  captures: boolean;
  records: DnsRecord[];
  warnings: string[];
}

export interface SetUp {
  domain: string;
  accounts: Carrier[];
}

export function setUpPath(sender: Sender): string {
  return `${OURS}/sender_identities/${sender.id}/set_up`;
}

/** Which account carries its mail, in a sentence. */
export function carriedBy(accounts: readonly Carrier[]): string {
  const [first, ...rest] = accounts;
  if (!first) return "No account of e-mail is switched on: nothing is sent.";
  if (first.captures)
    return "Mail is captured on this machine: nothing leaves it, and no records are needed.";
  const others = rest.filter((one) => !one.captures).map((one) => one.account);
  if (others.length === 0) return `Its mail goes by the account ${first.account}.`;
  return `Its mail goes by the account ${first.account}, and while that takes none, by ${others.join(", then ")}.`;
}

/** Whether its value can be set as it stands: nobody has to put something of their own in. */
export function isWhole(record: DnsRecord): boolean {
  return record.value !== null && !record.value.includes("<");
}
