/** hubgrade's plugins, written out. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { commandsPlugin } from './plugins/commands';
import { corePlugin } from './plugins/core';
import { entriesPlugin } from './plugins/entries';
import { notebookPlugin } from './plugins/notebook';
import { pagePlugin } from './plugins/page';
import { panelPlugin } from './plugins/panel';
import { toastsPlugin } from './plugins/toasts';
import type { IHubgrade } from './tokens';

const plugins: (JupyterFrontEndPlugin<IHubgrade> | JupyterFrontEndPlugin<void>)[] = [
  corePlugin,
  pagePlugin,
  panelPlugin,
  commandsPlugin,
  entriesPlugin,
  notebookPlugin,
  toastsPlugin
];

export default plugins;
export { IHubgrade } from './tokens';
