// SPDX-License-Identifier: Apache-2.0
// Exports: how far each is, and its file.
import { get } from "../../api/client";
import { number } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { Button, LinkButton } from "../../ui/button";
import { Page } from "../../ui/page";
import { Pill, Time, type Tone } from "../../ui/pill";
import { Empty, Loaded } from "../../ui/states";
import { Table } from "../../ui/table";
import { toastFailure } from "../../ui/toast";

interface Export {
  id: number;
  type: "customers" | "deliveries";
  description: string;
  status: "pending" | "done" | "failed";
  total: number;
  downloads: number;
  created_at: number;
  user_email?: string;
}

const TONES: Record<Export["status"], Tone> = { pending: "accent", done: "good", failed: "bad" };
const POLL_MS = 2_000;

async function download(id: number): Promise<void> {
  try {
    const { url } = await get<{ url: string }>(`/v1/exports/${id}/download`);
    location.assign(url);
  } catch (failure) {
    toastFailure(failure);
  }
}

/** `/exports`. */
export default function Exports() {
  const first = useQuery<{ exports: Export[] }>("/v1/exports");
  const pending = first.data?.exports.some((one) => one.status === "pending") ?? false;
  const query = useQuery<{ exports: Export[] }>("/v1/exports", { every: pending ? POLL_MS : null });
  return (
    <Page title="Exports" actions={<LinkButton href="/people">Export people</LinkButton>}>
      <Loaded query={query}>
        {({ exports }) =>
          exports.length === 0 ? (
            <Empty title="No exports" action={<LinkButton href="/people">To People</LinkButton>}>
              Filter people, or open a trigger's deliveries, and export them as CSV. Files are kept for 7
              days.
            </Empty>
          ) : (
            <Table
              caption="Exports, newest first"
              rows={exports}
              rowKey={(one) => one.id}
              columns={[
                { key: "what", label: "Export", show: (one) => one.description || one.type },
                {
                  key: "state",
                  label: "State",
                  show: (one) => <Pill tone={TONES[one.status]}>{one.status}</Pill>,
                },
                {
                  key: "rows",
                  label: "Rows",
                  number: true,
                  show: (one) => (one.total ? number(one.total) : "–"),
                },
                { key: "at", label: "Asked", show: (one) => <Time ms={one.created_at * 1_000} /> },
                {
                  key: "file",
                  label: "Actions",
                  hideLabel: true,
                  show: (one) =>
                    one.status === "done" && (
                      <Button aria-label={`Download export ${one.id}`} onClick={() => void download(one.id)}>
                        Download
                      </Button>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Page>
  );
}
