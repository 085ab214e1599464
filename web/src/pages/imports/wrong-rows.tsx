// SPDX-License-Identifier: Apache-2.0
// Rows that were, or would be, refused: the first of them, and all that are known as a file.
import { Button } from "../../ui/button";
import { Table } from "../../ui/table";
import { csvOf } from "./columns";
import type { RowError } from "./types";

const SHOWN = 20;

function save(errors: readonly RowError[]): void {
  const url = URL.createObjectURL(new Blob([csvOf(errors)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "wrong-rows.csv";
  link.click();
  URL.revokeObjectURL(url);
}

/** `more`: there are others that are not among `errors`. */
export function WrongRows({ errors, more }: { errors: readonly RowError[]; more: boolean }) {
  return (
    <div class="stack">
      <Table
        caption="Rows that are wrong"
        rows={errors.slice(0, SHOWN)}
        rowKey={(one) => one.line}
        columns={[
          { key: "line", label: "Line", show: (one) => one.line },
          { key: "error", label: "What is wrong", show: (one) => <span class="break">{one.error}</span> },
        ]}
      />
      <div class="row">
        <Button onClick={() => save(errors)}>Download them as CSV</Button>
        {(errors.length > SHOWN || more) && (
          <span class="muted">
            The first {Math.min(SHOWN, errors.length)} are shown
            {more ? `; the file has ${errors.length}` : ""}.
          </span>
        )}
      </div>
    </div>
  );
}
