// SPDX-License-Identifier: Apache-2.0
// How people are called in lists.

export interface PickedPerson {
  id: string | null;
  email: string | null;
  cio_id: string;
  attributes?: Record<string, string>;
}

/** By which identifier somebody is known. */
export function nameOf(person: PickedPerson): string {
  return person.email ?? person.id ?? person.cio_id;
}

function said(attributes: Record<string, string>, ...names: string[]): string {
  const wanted = new Set(names);
  for (const [name, value] of Object.entries(attributes))
    if (wanted.has(name.replace(/[\s_-]/g, "").toLowerCase()) && value.trim()) return value.trim();
  return "";
}

/** What their attributes call them, such as `first_name` and `last_name`; empty when nothing does. */
export function calledOf(person: PickedPerson): string {
  const attributes = person.attributes ?? {};
  const whole = said(attributes, "name", "fullname");
  if (whole) return whole;
  const parts = [
    said(attributes, "firstname", "givenname"),
    said(attributes, "lastname", "familyname", "surname"),
  ];
  return parts.filter(Boolean).join(" ");
}

/** What is told beside `nameOf`: how they are called, and their id where the name is an address. */
export function detailOf(person: PickedPerson): string | undefined {
  const parts = [calledOf(person), person.email && person.id ? person.id : ""];
  return parts.filter(Boolean).join(" · ") || undefined;
}
