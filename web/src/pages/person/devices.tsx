// SPDX-License-Identifier: Apache-2.0
// The devices of a person, with what is known of each.
import { useState } from "preact/hooks";
import { del, OURS } from "../../api/client";
import { useMay } from "../../app/session";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Time } from "../../ui/pill";
import { Empty } from "../../ui/states";
import { Table } from "../../ui/table";
import { changedPerson } from "./attributes";

export interface Device {
  token: string;
  platform: string;
  last_used: number | null;
  attributes: { name: string; json: string }[];
}

export function Devices({ devices, cio }: { devices: readonly Device[]; cio: string }) {
  const mayEdit = useMay("edit");
  const [leaving, setLeaving] = useState<Device | null>(null);
  if (devices.length === 0)
    return <Empty title="No devices">They come by the Track API, from your app.</Empty>;
  return (
    <>
      <Table
        caption="Devices"
        rows={devices}
        rowKey={(device) => device.token}
        columns={[
          { key: "platform", label: "Device", show: (device) => device.platform },
          { key: "token", label: "Token", show: (device) => <code class="break">{device.token}</code> },
          {
            key: "attributes",
            label: "Attributes",
            show: (device) =>
              device.attributes.length === 0 ? (
                <span class="muted">none</span>
              ) : (
                device.attributes.map((one) => (
                  <span key={one.name} class="break">
                    <span class="muted">{one.name}</span> <code>{one.json}</code>{" "}
                  </span>
                ))
              ),
          },
          {
            key: "used",
            label: "Last used",
            show: (device) => (device.last_used ? <Time ms={device.last_used * 1_000} /> : "–"),
          },
          {
            key: "actions",
            label: "Actions",
            hideLabel: true,
            show: (device) =>
              mayEdit && (
                <Button
                  kind="quiet"
                  aria-label={`Take away ${device.platform} ${device.token.slice(0, 20)}`}
                  onClick={() => setLeaving(device)}
                >
                  Take away
                </Button>
              ),
          },
        ]}
      />
      <Confirm
        title="Take this device away?"
        open={leaving !== null}
        danger
        action="Take away"
        onClose={() => setLeaving(null)}
        onConfirm={async () => {
          await del(`${OURS}/people/cio_${cio}/devices/${encodeURIComponent(leaving?.token ?? "")}`);
          changedPerson(cio);
          setLeaving(null);
        }}
      >
        Nothing can be pushed to it any more until the app tells of it again.
      </Confirm>
    </>
  );
}
