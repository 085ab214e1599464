// SPDX-License-Identifier: Apache-2.0
// Audience filters as the wire has them (contract §2.2): reading, editing by path, checking, saying them in words.
import { readJson } from "../editor/json";

export type Value = string | number | boolean;

/** A stretch of time, such as `{ days: 30 }`. */
export type Period = Readonly<Record<string, number>>;

/** Broadcasts take `eq` and `exists`; conditions of a segment all of them (docs/segments.md). */
export interface AttributeCondition {
  field: string;
  operator: string;
  value?: Value | readonly Value[] | Period;
  inverse?: boolean;
}

/** What somebody did: only conditions of a segment have it. */
export interface EventCondition {
  name: string;
  type?: string;
  at_least?: number;
  at_most?: number;
  within?: Period;
  where?: readonly AttributeCondition[];
  inverse?: boolean;
}

/** What became of a broadcast's messages: only conditions of a segment have it. */
export interface MessageCondition {
  broadcast: number;
  metric: string;
  action?: number;
  within?: Period;
  inverse?: boolean;
}

export type Filter =
  | { and: Filter[] }
  | { or: Filter[] }
  | { not: Filter }
  | { segment: { id: number } }
  | { attribute: AttributeCondition }
  | { event: EventCondition }
  | { message: MessageCondition };

/** `{}` is everybody. */
export type Audience = Filter | Record<string, never>;

export type Kind = "and" | "or" | "not" | "segment" | "attribute" | "event" | "message";

export interface Fault {
  /** As a JSON pointer below the filter, such as `/and/0/attribute/value`. */
  pointer: string;
  message: string;
}

const MOST_DEPTH = 32;
const PERIODS: ReadonlySet<string> = new Set(["in_past", "longer_ago", "in_next"]);

/** Whether it has no condition. */
export function isEverybody(audience: Audience): audience is Record<string, never> {
  return Object.keys(audience).length === 0;
}

/** Whoever matches both. */
export function both(one: Audience, other: Audience): Audience {
  if (isEverybody(one)) return other;
  if (isEverybody(other)) return one;
  return { and: [one as Filter, other as Filter] };
}

/** What a filter is at its top. */
export function kindOf(filter: Filter): Kind {
  return Object.keys(filter)[0] as Kind;
}

/** Its members; of what has none, none. */
export function membersOf(filter: Filter): Filter[] {
  if ("and" in filter) return filter.and;
  if ("or" in filter) return filter.or;
  if ("not" in filter) return [filter.not];
  return [];
}

/** A new condition to be filled in. */
export function blank(): Filter {
  return { attribute: { field: "", operator: "eq", value: "" } };
}

/** The filter with its members replaced. */
export function withMembers(filter: Filter, members: Filter[]): Filter {
  if ("and" in filter) return { and: members };
  if ("or" in filter) return { or: members };
  if ("not" in filter) return { not: members[0] ?? blank() };
  return filter;
}

/** The part at a path of member numbers; undefined where there is none. */
export function at(filter: Filter, path: readonly number[]): Filter | undefined {
  return path.reduce<Filter | undefined>(
    (found, step) => (found ? membersOf(found)[step] : undefined),
    filter,
  );
}

/** The filter with the part at a path replaced, or taken out by null; null when nothing is left. */
export function replaceAt(filter: Filter, path: readonly number[], part: Filter | null): Filter | null {
  const [step, ...rest] = path;
  if (step === undefined) return part;
  const members = membersOf(filter);
  const member = members[step];
  if (!member) return filter;
  const changed = replaceAt(member, rest, part);
  if (changed === null && "not" in filter) return null;
  const kept = changed === null ? members.filter((_, no) => no !== step) : members.with(step, changed);
  return kept.length === 0 ? null : withMembers(filter, kept);
}

/** Where one goes on after the part at a path was taken out: what took its place, else what is around; null: nothing is left. */
export function afterRemoval(left: Filter | null, path: readonly number[]): number[] | null {
  if (left === null) return null;
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parentPath = path.slice(0, depth - 1);
    const parent = at(left, parentPath);
    const count = parent ? membersOf(parent).length : 0;
    if (count > 0) return [...parentPath, Math.min(path[depth - 1] ?? 0, count - 1)];
  }
  return [];
}

/** The filter with a member of an and/or moved by one place. */
export function moveAt(filter: Filter, path: readonly number[], by: -1 | 1): Filter {
  const parentPath = path.slice(0, -1);
  const from = path.at(-1);
  const parent = at(filter, parentPath);
  if (from === undefined || !parent) return filter;
  const members = [...membersOf(parent)];
  const to = from + by;
  if (to < 0 || to >= members.length) return filter;
  const [moved] = members.splice(from, 1);
  if (moved) members.splice(to, 0, moved);
  return replaceAt(filter, parentPath, withMembers(parent, members)) ?? filter;
}

/** What is missing before it can be asked, with where. */
export function faults(filter: Filter, pointer = "", depth = 1): Fault[] {
  const here = `${pointer}/${kindOf(filter)}`;
  if (depth > MOST_DEPTH) return [{ pointer, message: `It is nested deeper than ${MOST_DEPTH} levels.` }];
  if ("and" in filter || "or" in filter) {
    const members = membersOf(filter);
    if (members.length === 0) return [{ pointer: here, message: "Add at least one condition." }];
    return members.flatMap((member, no) => faults(member, `${here}/${no}`, depth + 1));
  }
  if ("not" in filter) return faults(filter.not, here, depth + 1);
  if ("segment" in filter) {
    return filter.segment.id > 0 ? [] : [{ pointer: `${here}/id`, message: "Choose a segment." }];
  }
  if ("event" in filter) return eventFaults(filter.event, here);
  if ("message" in filter) return messageFaults(filter.message, here);
  return attributeFaults(filter.attribute, here);
}

function messageFaults({ broadcast, within }: MessageCondition, here: string): Fault[] {
  const found: Fault[] = [];
  if (!(broadcast > 0)) found.push({ pointer: `${here}/broadcast`, message: "Choose a broadcast." });
  if (within && !isPeriod(within))
    found.push({ pointer: `${here}/within`, message: "Give a whole number of time, from 1 on." });
  return found;
}

function eventFaults({ name, within, where = [] }: EventCondition, here: string): Fault[] {
  const found = where.flatMap((one, no) => attributeFaults(one, `${here}/where/${no}`, "a property"));
  if (!name.trim()) found.unshift({ pointer: `${here}/name`, message: "Name an event." });
  if (within && !isPeriod(within))
    found.push({ pointer: `${here}/within`, message: "Give a whole number of time, from 1 on." });
  return found;
}

function isPeriod(value: unknown): boolean {
  const amount = isObject(value) ? Object.values(value)[0] : undefined;
  return typeof amount === "number" && Number.isInteger(amount) && amount > 0;
}

function attributeFaults(condition: AttributeCondition, here: string, what = "an attribute"): Fault[] {
  const { field, operator, value } = condition;
  const found: Fault[] = [];
  if (!field.trim()) found.push({ pointer: `${here}/field`, message: `Name ${what}.` });
  if (PERIODS.has(operator) && !isPeriod(value))
    found.push({ pointer: `${here}/value`, message: "Give a whole number of time, from 1 on." });
  if (operator === "in" && !(Array.isArray(value) && value.length > 0))
    found.push({ pointer: `${here}/value`, message: "Give at least one value." });
  if (operator !== "eq" && operator !== "exists" && (value === undefined || value === ""))
    found.push({ pointer: `${here}/value`, message: "Give a value." });
  if (operator === "eq" && (value === undefined || value === "")) {
    found.push({ pointer: `${here}/value`, message: "Give a value: nobody has an empty one." });
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    found.push({ pointer: `${here}/value`, message: "This is not a number." });
  }
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A filter from JSON, or why it is none. `rich`: conditions of a segment, whose parts the server checks. */
export function read(value: unknown, pointer = "", rich = false): { filter: Filter } | { fault: Fault } {
  const no = (message: string, place = pointer) => ({ fault: { pointer: place, message } });
  if (!isObject(value)) return no("A filter is an object.");
  const keys = Object.keys(value);
  const [key] = keys;
  if (key === undefined) return no("A filter has one of and, or, not, segment, attribute.");
  if (keys.length > 1)
    return no(`A filter has one property, found ${keys.join(", ")}: put them into and/or.`);
  const inner = value[key];
  const here = `${pointer}/${key}`;
  if (key === "and" || key === "or") {
    if (!Array.isArray(inner)) return no("This is a list of filters.", here);
    const members: Filter[] = [];
    for (const [index, one] of inner.entries()) {
      const member = read(one, `${here}/${index}`, rich);
      if ("fault" in member) return member;
      members.push(member.filter);
    }
    return { filter: key === "and" ? { and: members } : { or: members } };
  }
  if (key === "not") {
    const member = read(inner, here, rich);
    return "fault" in member ? member : { filter: { not: member.filter } };
  }
  if (key === "segment") {
    const id = isObject(inner) ? Number(inner.id) : Number.NaN;
    return Number.isInteger(id)
      ? { filter: { segment: { id } } }
      : no("A segment has a whole number as its id.", here);
  }
  if (rich && key === "event") {
    if (!isObject(inner) || typeof inner.name !== "string") return no("An event has a name.", here);
    return { filter: { event: inner as unknown as EventCondition } };
  }
  if (rich && key === "message") {
    if (!isObject(inner) || typeof inner.broadcast !== "number" || typeof inner.metric !== "string")
      return no("A message has a broadcast and a metric.", here);
    return { filter: { message: inner as unknown as MessageCondition } };
  }
  if (key !== "attribute") return no(`There is no filter called "${key}".`);
  if (!isObject(inner) || typeof inner.field !== "string") return no("An attribute has a field.", here);
  if (rich) {
    if (typeof inner.operator !== "string") return no("An attribute has an operator.", here);
    return { filter: { attribute: inner as unknown as AttributeCondition } };
  }
  if (inner.operator !== "eq" && inner.operator !== "exists")
    return no("The operator is eq or exists.", here);
  const attribute: AttributeCondition = { field: inner.field, operator: inner.operator };
  if (inner.operator === "eq") {
    if (!["string", "number", "boolean"].includes(typeof inner.value)) {
      return no("The value is text, a number, true or false.", `${here}/value`);
    }
    attribute.value = inner.value as Value;
  }
  if (inner.inverse === true) attribute.inverse = true;
  return { filter: { attribute } };
}

/** What somebody pasted: a filter, a whole trigger body, or a curl command with one. */
export function readPasted(text: string, rich = false): { audience: Audience } | { fault: Fault } {
  const start = text.indexOf("{");
  const end = text.lastIndexOf("}");
  if (start < 0 || end < start) return { fault: { pointer: "", message: "There is no JSON in this." } };
  const typed = readJson(text.slice(0, start).replace(/[^\n]/g, " ") + text.slice(start, end + 1));
  if ("fault" in typed) return { fault: { pointer: "", message: typed.fault.message } };
  const { value } = typed;
  const inner = isObject(value) && isObject(value.recipients) ? value.recipients : value;
  const wrapped = isObject(inner) ? (rich ? inner.conditions : inner.filter) : undefined;
  const filter = isObject(wrapped) ? wrapped : inner;
  if (isObject(filter) && Object.keys(filter).length === 0) return { audience: {} };
  const found = read(filter, "", rich);
  return "fault" in found ? found : { audience: found.filter };
}

export type SegmentNames = ReadonlyMap<number, string>;

function quoted(value: unknown): string {
  return typeof value === "string" ? `“${value}”` : String(value);
}

function words(filter: Filter, segments: SegmentNames, inner: boolean): string {
  if ("and" in filter || "or" in filter) {
    const members = membersOf(filter).map((member) => words(member, segments, true));
    const joined = members.join("and" in filter ? " and " : " or ");
    return inner && members.length > 1 ? `(${joined})` : joined || "no condition";
  }
  if ("not" in filter) return `not ${words(filter.not, segments, true)}`;
  if ("segment" in filter) {
    const { id } = filter.segment;
    return id > 0 ? `in ${segments.get(id) ?? `segment ${id}`}` : "in a segment";
  }
  if ("event" in filter) return `performed ${filter.event.name}`;
  if ("message" in filter) return `${filter.message.metric} broadcast ${filter.message.broadcast}`;
  const { field, operator, value, inverse } = filter.attribute;
  const name = field || "an attribute";
  if (operator === "exists") return inverse ? `${name} is not there` : `${name} is there`;
  return `${name} is ${inverse ? "not " : ""}${quoted(value)}`;
}

/** The filter read back as a sentence. */
export function sentence(audience: Audience, segments: SegmentNames = new Map()): string {
  return isEverybody(audience) ? "everybody" : words(audience as Filter, segments, false);
}

/** What stands in the field of a value that is being typed: a number keeps its text as long as it means that number. */
export function textOf(value: unknown, typing: string | null): string {
  if (typing !== null && typeof value === "number" && Object.is(typed(typing, "number"), value))
    return typing;
  return typeof value === "number" && Number.isNaN(value) ? (typing ?? "") : String(value ?? "");
}

/** Which kind of value a text in a field means, as it was chosen: the wire tells "true" from true. */
export function typed(text: string, type: "text" | "number" | "boolean"): Value {
  if (type === "number") return text.trim() === "" ? Number.NaN : Number(text);
  if (type === "boolean") return text === "true";
  return text;
}

/** The type of a value. */
export function typeOf(value: unknown): "text" | "number" | "boolean" {
  return typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : "text";
}
