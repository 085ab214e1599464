// SPDX-License-Identifier: Apache-2.0
// The command palette: pages, broadcasts, segments and people by name.
import { get, OURS } from "../api/client";
import { navigate } from "../lib/router";
import { Combobox, type Option } from "../ui/combobox";
import { Dialog } from "../ui/dialog";
import { ROUTES } from "./routes";
import { allows, useSession } from "./session";

const MOST = 12;

/** What is found under a name; a source that fails is left out. */
async function found(text: string, signal: AbortSignal, pages: Option<string>[]): Promise<Option<string>[]> {
  const wanted = text.trim().toLowerCase();
  const matching = pages.filter((page) => page.label.toLowerCase().includes(wanted));
  if (wanted.length < 2) return matching.slice(0, MOST);
  const [broadcasts, segments, people] = await Promise.allSettled([
    get<{ broadcasts: { id: number; name: string }[] }>(
      `${OURS}/broadcasts?search=${encodeURIComponent(wanted)}&limit=6`,
      { signal },
    ),
    get<{ segments: { id: number; name: string }[] }>("/v1/segments", { signal }),
    get<{ people: { id: string | null; email: string | null; cio_id: string }[] }>(
      `${OURS}/people?search=${encodeURIComponent(wanted)}&limit=6`,
      { signal },
    ),
  ]);
  const options = [...matching];
  if (broadcasts.status === "fulfilled") {
    for (const one of broadcasts.value.broadcasts.slice(0, 6)) {
      options.push({
        key: `b${one.id}`,
        label: one.name,
        detail: "Broadcast",
        value: `/broadcasts/${one.id}`,
      });
    }
  }
  if (segments.status === "fulfilled") {
    for (const one of segments.value.segments) {
      if (!one.name.toLowerCase().includes(wanted)) continue;
      options.push({ key: `s${one.id}`, label: one.name, detail: "Segment", value: `/segments/${one.id}` });
    }
  }
  if (people.status === "fulfilled") {
    for (const one of people.value.people ?? []) {
      const label = one.email ?? one.id ?? one.cio_id;
      options.push({ key: `p${one.cio_id}`, label, detail: "Person", value: `/people/cio_${one.cio_id}` });
    }
  }
  return options.slice(0, MOST);
}

/** Opened by Ctrl-K. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { workspace } = useSession();
  const pages: Option<string>[] = ROUTES.filter(
    (route) => route.nav && allows(workspace?.roles ?? [], route.need ?? "read"),
  ).map((route) => ({
    key: route.path,
    label: route.nav?.label ?? "",
    detail: route.nav?.group,
    value: route.path.replace(/\/:[^/]+\?/g, ""),
  }));
  return (
    <Dialog title="Go to" open={open} onClose={onClose}>
      <div class="palette">
        <Combobox
          label="Page, broadcast, segment or person"
          text=""
          search={(text, signal) => found(text, signal, pages)}
          onChoose={(option) => {
            onClose();
            navigate(option.value);
          }}
        />
      </div>
    </Dialog>
  );
}
