/** The side panel: what is due, at the left. */
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { SidePanel } from '../panel';
import { commandIDs, IHubgrade } from '../tokens';

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'hubgrade-ext:panel',
  description: 'Adds the side panel.',
  autoStart: true,
  requires: [IHubgrade],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, hubgrade: IHubgrade, restorer: ILayoutRestorer | null) => {
    const { trans } = hubgrade;
    const panel = new SidePanel(hubgrade);
    app.shell.add(panel, 'left', { rank: 850, type: 'Hubgrade' });
    restorer?.add(panel, panel.id);

    app.commands.addCommand(commandIDs.showPanel, {
      label: trans.__('Show Hubgrade panel'),
      caption: trans.__('Show the side panel with the course and what is due in it'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(panel.id)
    });
  }
};
