// SPDX-License-Identifier: Apache-2.0
// A channel's accounts: in which order they are asked, how they fare, what an owner changes about them.
import { useState } from "preact/hooks";
import { OURS, patch, put } from "../../api/client";
import { invalidate } from "../../lib/query";
import { CopyButton } from "../../ui/button";
import { SelectField } from "../../ui/field";
import { Menu, type MenuItem } from "../../ui/menu";
import { Section } from "../../ui/page";
import { Pill } from "../../ui/pill";
import { Problems } from "../../ui/states";
import { Table } from "../../ui/table";
import { toast } from "../../ui/toast";
import { LimitsDialog } from "./accountdialogs";
import { addable, isLimited, limitsOf, linesOf, moved, stateOf, titleOf, troubleOf } from "./accounts";
import { TestDialog } from "./testdialog";
import { type Provider, type Setting, variableOf, wordsOf } from "./words";

const PATH = `${OURS}/providers`;

function Value({ of }: { of: Setting }) {
  if (of.secret) return <span class="muted">{of.given ? "set, not shown" : "not set"}</span>;
  return of.given ? <code class="break">{of.value}</code> : <span class="muted">not set</span>;
}

function Details({ of }: { of: Provider }) {
  return (
    <details>
      <summary>What {of.account} can do, and its settings</summary>
      <ul>
        {wordsOf(of).map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
      <Table
        caption={`Settings of ${of.account}`}
        rows={of.settings}
        rowKey={(one) => one.name}
        columns={[
          { key: "name", label: "Setting", show: (one) => one.name },
          { key: "value", label: "Value", show: (one) => <Value of={one} /> },
          {
            key: "variable",
            label: "Environment variable",
            show: (one) => <code class="break">{variableOf(of, one.name)}</code>,
          },
        ]}
      />
    </details>
  );
}

function Another({ channel, accounts }: { channel: string; accounts: readonly Provider[] }) {
  const known = addable(accounts);
  const [chosen, choose] = useState(known[0] ?? "");
  if (!isLimited(channel) || known.length === 0) return null;
  const lines = linesOf(
    channel,
    chosen,
    accounts.map((one) => one.account),
  );
  return (
    <details>
      <summary>Add another account of {titleOf(channel)}</summary>
      <div class="stack">
        <p>
          Its credentials stand in the server’s settings file or its environment, not here: so a copy of the
          database holds no keys. Paste these lines into the file, fill them in, and start the server again.
        </p>
        <SelectField
          label="Provider"
          value={chosen}
          onChange={choose}
          options={known.map((name) => [name, name] as const)}
        />
        <pre class="break">{lines}</pre>
        <div>
          <CopyButton text={lines} label="Copy the lines" />
        </div>
      </div>
    </details>
  );
}

/** `owns`: whether one may change something. */
export function Channel({
  channel,
  accounts,
  owns,
}: {
  channel: string;
  accounts: readonly Provider[];
  owns: boolean;
}) {
  const [limiting, setLimiting] = useState<Provider | null>(null);
  const [trying, setTrying] = useState<Provider | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const names = accounts.map((one) => one.account);
  const limited = isLimited(channel);

  async function change(work: () => Promise<unknown>, done: string): Promise<void> {
    setFailure(null);
    try {
      await work();
      invalidate(PATH);
      toast(done);
    } catch (error) {
      setFailure(error);
    }
  }

  function itemsOf(one: Provider): MenuItem[] {
    const at = names.indexOf(one.account);
    const putAt = (by: -1 | 1) => () =>
      change(
        () => put(`${PATH}/${channel}/order`, { accounts: moved(names, one.account, by) }),
        "The order is changed",
      );
    const test = { label: "Send a test", onSelect: () => setTrying(one) };
    if (!limited) return [test];
    return [
      test,
      { label: "Limits and ramp", onSelect: () => setLimiting(one) },
      ...(names.length > 1
        ? [
            { label: "Ask earlier", disabled: at === 0, onSelect: putAt(-1) },
            { label: "Ask later", disabled: at === names.length - 1, onSelect: putAt(1) },
          ]
        : []),
      {
        label: one.enabled ? "Switch off" : "Switch on",
        danger: one.enabled,
        onSelect: () =>
          change(
            () => patch(`${PATH}/${channel}/${one.account}`, { enabled: !one.enabled }),
            one.enabled ? `${one.account} is switched off` : `${one.account} is switched on`,
          ),
      },
    ];
  }

  return (
    <Section
      title={titleOf(channel)}
      hint={
        names.length > 1
          ? "The first account that takes messages gets them. What one may have taken is never given to another."
          : undefined
      }
    >
      <Table
        caption={`Accounts of ${titleOf(channel)}`}
        rows={[...accounts]}
        rowKey={(one) => one.account}
        columns={[
          {
            key: "account",
            label: "Account",
            show: (one) => (
              <>
                {one.account}
                {one.account !== one.provider && <span class="muted"> ({one.provider})</span>}
              </>
            ),
          },
          {
            key: "state",
            label: "State",
            show: (one) => {
              const state = stateOf(one);
              const trouble = troubleOf(one);
              return (
                <div>
                  <Pill tone={state.tone}>{state.words}</Pill>
                  {trouble && <div class="muted break">{trouble}</div>}
                </div>
              );
            },
          },
          ...(limited
            ? [
                {
                  key: "limits",
                  label: "Limits",
                  show: (one: Provider) => (
                    <div>
                      {limitsOf(one).join(" ") || <span class="muted">none</span>}
                      {one.changed.length > 0 && <div class="muted">Set here, not in the settings.</div>}
                    </div>
                  ),
                },
              ]
            : []),
          ...(owns
            ? [
                {
                  key: "menu",
                  label: "Actions",
                  hideLabel: true,
                  show: (one: Provider) => <Menu label={`Actions for ${one.account}`} items={itemsOf(one)} />,
                },
              ]
            : []),
        ]}
      />
      {failure !== null && <Problems error={failure} />}
      {accounts.map((one) => (
        <Details key={one.account} of={one} />
      ))}
      {owns && <Another channel={channel} accounts={accounts} />}
      {accounts.some((one) => one.captures) && (
        <p>
          What was captured is in the <a href="/outbox">inbox</a>.
        </p>
      )}
      {limiting && <LimitsDialog of={limiting} onClose={() => setLimiting(null)} />}
      {trying && <TestDialog of={trying} onClose={() => setTrying(null)} />}
    </Section>
  );
}
