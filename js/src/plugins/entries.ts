/** Where commands are found beside the menu: the palette, and the launcher's cards. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { commandIDs, IHubgrade } from '../tokens';

export const entriesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'hubgrade-ext:plugin',
  description: 'Adds commands to the palette and a card to the launcher.',
  autoStart: true,
  requires: [IHubgrade],
  optional: [ICommandPalette, ILauncher],
  activate: (
    _app: JupyterFrontEnd,
    hubgrade: IHubgrade,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    const { trans } = hubgrade;
    const category = trans.__('Hubgrade');
    Object.values(commandIDs).forEach(command => {
      palette?.addItem({ command, category, args: { isPalette: true } });
    });
    launcher?.add({ command: commandIDs.openCoursePage, category, rank: 1 });
  }
};
