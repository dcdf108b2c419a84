/** What is asked before a job starts, and what the release gate has shown. */
import type { Gate, Plan } from './api/wire';
import { GateDialog } from './components/GateDialog';
import { PlanDialog } from './components/PlanDialog';
import type { Dialogs } from './dialogs';
import { isHeldBack } from './words';

/** What was answered: the word that was typed, to try the solution again, or nothing. */
export type Answer = { typed: string } | 'check' | null;

/** Say whether a plan has to be confirmed before it is carried out. */
export function needsConfirmation(plan: Plan): boolean {
  // that some are late is a fact of collecting, seen in its row, and no reason to ask
  const warned = plan.warnings.length > 0 && plan.verb !== 'collect';
  return plan.replaced > 0 || plan.confirm_with !== null || warned || isHeldBack(plan);
}

/** Ask whether a plan is to be carried out. */
export function confirmPlan(dialogs: Dialogs, plan: Plan): Promise<Answer> {
  return dialogs.ask<Exclude<Answer, null>>(close => (
    <PlanDialog
      plan={plan}
      onClose={typed => close(typed === null ? null : { typed })}
      onCheck={() => close('check')}
    />
  ));
}

/** Show all that trying an assignment's own solution has shown; say whether to try it again. */
export async function showGate(dialogs: Dialogs, assignment: string, gate: Gate): Promise<boolean> {
  const again = await dialogs.ask<true>(close => (
    <GateDialog assignment={assignment} gate={gate} onClose={close} />
  ));
  return again === true;
}
