// SPDX-License-Identifier: Apache-2.0
// Fields that two people changed, each otherwise: theirs and one's own side by side, and which of them stays.
import { useId } from "preact/hooks";
import type { Clash, Whose } from "../lib/merging";
import { useQuery } from "../lib/query";
import { Compared } from "./Compared";
import { fieldWords, type Names, valueWords } from "./fields";

export type Choices = Readonly<Record<string, Whose>>;

interface ChoiceProps {
  title: string;
  theirs: string;
  mine: string;
  whose: Whose;
  onChoose: (whose: Whose) => void;
}

function Choice({ title, theirs, mine, whose, onChoose }: ChoiceProps) {
  const name = useId();
  const radio = (value: Whose, label: string) => (
    <label class="check">
      <input type="radio" name={name} checked={whose === value} onChange={() => onChoose(value)} />
      <span>
        {label} <span class="visually-hidden">({title})</span>
      </span>
    </label>
  );
  return (
    <Compared
      title={title}
      before={theirs}
      after={mine}
      beforeLabel={radio("theirs", "Theirs")}
      afterLabel={radio("mine", "Mine")}
    />
  );
}

interface ClashesProps {
  clashes: readonly Clash[];
  /** Which field it is, where the thing is one. */
  field?: string;
  /** By field; one's own where nothing is chosen. */
  choices: Choices;
  onChoose: (choices: Choices) => void;
}

/** A choice for each. */
export function Clashes({ clashes, field = "", choices, onChoose }: ClashesProps) {
  const named = clashes.some((one) => /^(recipients|goal)$/.test(one.name || field));
  const found = useQuery<{ segments: { id: number; name: string }[] }>(named ? "/v1/segments" : null);
  const names: Names = {
    segments: new Map((found.data?.segments ?? []).map((one) => [one.id, one.name])),
    messages: {},
  };
  return (
    <div class="stack">
      {clashes.map((clash) => (
        <Choice
          key={clash.name}
          title={fieldWords(clash.name || field, names)}
          theirs={valueWords(clash.name || field, clash.theirs, names)}
          mine={valueWords(clash.name || field, clash.mine, names)}
          whose={choices[clash.name] ?? "mine"}
          onChoose={(whose) => onChoose({ ...choices, [clash.name]: whose })}
        />
      ))}
    </div>
  );
}
