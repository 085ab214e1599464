// SPDX-License-Identifier: Apache-2.0
// Tables as data: columns say how a row is shown. On a phone each row becomes a block with its labels.
import type { ComponentChildren } from "preact";
import { Button } from "./button";

export interface Column<R> {
  key: string;
  label: string;
  show: (row: R) => ComponentChildren;
  /** Numbers stand at the right. */
  number?: boolean;
  /** For screen readers only, such as "Actions". */
  hideLabel?: boolean;
}

interface TableProps<R> {
  /** What the table is of. */
  caption: string;
  columns: readonly Column<R>[];
  rows: readonly R[];
  rowKey: (row: R) => string | number;
}

/** What can be done with a row stands at its end. */
function classOf<R>(column: Column<R>, columns: readonly Column<R>[]): string | undefined {
  if (column.number) return "number";
  return column.hideLabel && column === columns.at(-1) ? "row-actions" : undefined;
}

/** Rows under headings. */
export function Table<R>({ caption, columns, rows, rowKey }: TableProps<R>) {
  return (
    <table class="table">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.key} scope="col" class={classOf(column, columns)}>
              {column.hideLabel ? <span class="visually-hidden">{column.label}</span> : column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)}>
            {columns.map((column) => (
              <td
                key={column.key}
                class={classOf(column, columns)}
                data-label={column.hideLabel ? "" : column.label}
              >
                {column.show(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** To the next part of a list, and back to its beginning; cursors live in the URL. */
export function Pager({
  next,
  first,
  onGo,
}: {
  next: string | null;
  first: boolean;
  onGo: (start: string | null) => void;
}) {
  if (first && !next) return null;
  return (
    <nav class="row pager" aria-label="Pages">
      <Button disabled={first} onClick={() => onGo(null)}>
        First page
      </Button>
      <Button disabled={!next} onClick={() => onGo(next)}>
        Next page
      </Button>
    </nav>
  );
}
