/** What mends a course: shown as the exact change, then done, and undone. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FixRecord } from './api/wire';
import { FixDialog } from './components/FixDialog';
import type { Dialogs } from './dialogs';
import type { Model } from './model';
import type { IOpener } from './tokens';

interface IFixingParts {
  model: Model;
  opener: IOpener;
  dialogs: Dialogs;
  trans: TranslationBundle;
}

/** Show exactly what a fix would change, and do it when that is wanted. */
export async function showFix(parts: IFixingParts, course: string, fix_id: string): Promise<void> {
  const { dialogs, model, opener, trans } = parts;
  const plan = await model.client.planFix(course, fix_id);
  const wanted = await dialogs.ask<true>(close => <FixDialog plan={plan} onClose={close} />);
  if (wanted) {
    const record = await model.applyFix(course, fix_id, plan.digest);
    opener.notify(trans.__('Done: %1.', record.title), 'success');
  }
}

/** Put back what a fix changed. */
export async function undoFix(parts: IFixingParts, course: string, record: FixRecord): Promise<void> {
  const { model, opener, trans } = parts;
  await model.undoFix(course, record.record_id);
  opener.notify(trans.__('Undone: %1.', record.title), 'success');
}
