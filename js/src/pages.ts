/** What opens beside hubgrade: the students' version of a notebook, formgrader. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IFormgraderPlace } from './api/client';
import { Failure } from './api/errors';
import type { Model } from './model';
import type { IOpener } from './tokens';

interface IPagesParts {
  model: Model;
  opener: IOpener;
  trans: TranslationBundle;
}

/** Open the notebooks as students will get them. */
export async function openPreview(parts: IPagesParts, course: string, assignment: string): Promise<void> {
  const { model, opener, trans } = parts;
  const preview = await model.client.previewAssignment(course, assignment);
  const paths = preview.notebooks.flatMap(notebook => notebook.server_path ?? []);
  if (paths.length === 0) {
    throw new Failure({
      code: 'outside_root',
      message: trans.__('The notebooks of %1 cannot be opened here.', assignment),
      remedy: trans.__("The course folder is outside the server's root folder: start the server above it.")
    });
  }
  paths.forEach(path => opener.document(path));
  opener.notify(
    trans.__(
      'Preview of %1, as students get it. Change the source, not the preview: what is saved here goes out with the release, and is lost when it is generated again.',
      assignment
    ),
    'info'
  );
}

/** Return formgrader's address; throw why it cannot open. */
export async function formgraderUrl(
  parts: IPagesParts,
  course: string,
  place: IFormgraderPlace,
  allowed: boolean
): Promise<string> {
  const { model, trans } = parts;
  const link = await model.client.getFormgrader(course, place);
  if (link.problem) {
    throw new Failure(link.problem);
  }
  if (!allowed) {
    throw new Failure({
      code: 'popup_blocked',
      message: trans.__('The browser kept formgrader from opening.'),
      remedy: trans.__('Allow pop-ups for this site, then try again.')
    });
  }
  return link.url;
}
