// SPDX-License-Identifier: Apache-2.0
// `/broadcasts/:id/:step?`: which step of a broadcast is shown.
import type { PageProps } from "../../app/routes";
import { Page } from "../../ui/page";
import { Empty } from "../../ui/states";
import { ApiStep } from "./api-step";
import { BroadcastFrame } from "./frame";
import { GoalStep } from "./goal-step";
import { Overview } from "./overview";
import { RecipientsStep } from "./recipients-step";
import { ReviewStep } from "./review-step";
import { WorkflowStep } from "./workflow-step";

const SHOWN = {
  "": Overview,
  recipients: RecipientsStep,
  goal: GoalStep,
  workflow: WorkflowStep,
  review: ReviewStep,
  api: ApiStep,
} as const;

export default function BroadcastPage({ params }: PageProps) {
  const id = params.id ?? "";
  const step = params.step ?? "";
  const Step = SHOWN[step as keyof typeof SHOWN];
  if (!Step) {
    return (
      <Page title="Not found">
        <Empty title="There is no such step">
          <a href={`/broadcasts/${id}`}>To the broadcast</a>
        </Empty>
      </Page>
    );
  }
  return (
    <BroadcastFrame id={id} current={step}>
      {(broadcast) => <Step key={broadcast.id} broadcast={broadcast} />}
    </BroadcastFrame>
  );
}
