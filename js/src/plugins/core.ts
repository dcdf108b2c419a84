/** The shared parts: server state, job tracker, actions, and what only the application can do. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Acts } from '../acts';
import { Client } from '../api/client';
import { Dialogs } from '../dialogs';
import { JobTracker } from '../jobs';
import { Model } from '../model';
import { Chosen, type IPlace } from '../state';
import { commandIDs, IHubgrade, type INotifyAction, type IOpener } from '../tokens';
import { DOMAIN } from '../translation';

const STATE = 'hubgrade-ext:chosen';

export const corePlugin: JupyterFrontEndPlugin<IHubgrade> = {
  id: 'hubgrade-ext:core',
  description: "Provides hubgrade's server state, job tracker and actions.",
  autoStart: true,
  provides: IHubgrade,
  optional: [ITranslator, IStateDB, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    state: IStateDB | null,
    notebooks: INotebookTracker | null
  ): IHubgrade => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const model = new Model(new Client(trans, app.serviceManager.serverSettings));
    const tracker = new JobTracker(model, app.serviceManager.events.stream);
    const chosen = new Chosen();
    const opener = makeOpener(app, notebooks);
    const dialogs = new Dialogs(trans);
    const acts = new Acts({ model, tracker, chosen, opener, dialogs, trans });
    if (state) {
      void remember(chosen, state);
    }
    return { model, tracker, acts, chosen, opener, trans };
  }
};

/** Keep the choice of course over reloads; what was chosen meanwhile wins over what was stored. */
async function remember(chosen: Chosen, state: IStateDB): Promise<void> {
  const before = chosen.value;
  const stored = await state.fetch(STATE);
  if (chosen.value === before && typeof stored === 'object' && stored && 'course_key' in stored) {
    const { course_key } = stored as { course_key?: unknown };
    chosen.set({ course_key: typeof course_key === 'string' ? course_key : null });
  }
  chosen.changed.connect((_, { course_key }) => {
    void state.save(STATE, { course_key });
  });
}

function makeOpener(app: JupyterFrontEnd, notebooks: INotebookTracker | null): IOpener {
  const run = (command: string, args: Record<string, string>) =>
    void app.commands.execute(command, args);
  return {
    coursePage: (place: Partial<IPlace>) => {
      void app.commands.execute(commandIDs.openCoursePage, { ...place });
    },
    document: (path: string) => run('docmanager:open', { path }),
    folder: (path: string) =>
      app.commands.hasCommand('filebrowser:open-path')
        ? run('filebrowser:open-path', { path })
        : run('filebrowser:go-to-path', { path }),
    listFolders: async (path: string) => {
      const folder = await app.serviceManager.contents.get(path, { type: 'directory', content: true });
      const inside = folder.content as { name: string; type: string }[];
      return inside.filter(item => item.type === 'directory').map(item => item.name).sort();
    },
    saveNotebooks: async (folder: string) => {
      const open: Promise<void>[] = [];
      notebooks?.forEach(({ context }) => {
        const inside = PathExt.relative(folder, context.localPath);
        if (context.model.dirty && !inside.startsWith('..')) {
          open.push(context.save());
        }
      });
      await Promise.all(open);
    },
    notify: (message: string, tone: 'success' | 'warning' | 'error' | 'info', action?: INotifyAction) => {
      Notification.emit(message, tone, {
        // what went wrong, wholly or in part, stays until it is read; the rest can be read again at Lab's bell
        autoClose: tone === 'error' || (tone === 'warning' && action) ? false : tone === 'warning' ? 12_000 : 6000,
        actions: action ? [{ label: action.label, callback: () => action.run() }] : []
      });
    }
  };
}
