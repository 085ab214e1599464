// SPDX-License-Identifier: Apache-2.0
// The last column of a list whose rows are edited and removed.
import { Menu, type MenuItem } from "./menu";
import type { Column } from "./table";

interface RowActions<R> {
  /** What a row is called. */
  name: (row: R) => string;
  /** Whether one may; else both are shown and cannot be chosen. */
  allowed: boolean;
  onEdit: (row: R) => void;
  onRemove: (row: R) => void;
  /** The verb of removing, such as "Delete". */
  remove: string;
  /** What else can be done, before both. */
  more?: (row: R) => MenuItem[];
}

/** A menu in each row, to edit it and to remove it. */
export function rowActions<R>({ name, allowed, onEdit, onRemove, remove, more }: RowActions<R>): Column<R> {
  return {
    key: "menu",
    label: "Actions",
    hideLabel: true,
    show: (row) => (
      <Menu
        label={`Actions for ${name(row)}`}
        items={[
          ...(more?.(row) ?? []),
          { label: "Edit", disabled: !allowed, onSelect: () => onEdit(row) },
          { label: remove, danger: true, disabled: !allowed, onSelect: () => onRemove(row) },
        ]}
      />
    ),
  };
}
