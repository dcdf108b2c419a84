import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import schema from '../../schema/plugin.json';
import plugins from '../index';
import { pagePlugin } from '../plugins/page';
import { commandIDs, type IHubgrade } from '../tokens';
import { FakeServer } from './fakes';

/** An application with nothing but what every one has. */
function makeApp() {
  const added: { id: string; area: string }[] = [];
  const commands = new CommandRegistry();
  const app = {
    commands,
    restored: Promise.resolve(),
    serviceManager: {
      serverSettings: new FakeServer().settings,
      events: { stream: new Signal<object, never>({}) },
      contents: {}
    },
    shell: {
      add: (widget: Widget, area: string) => added.push({ id: widget.id, area }),
      activateById: vi.fn()
    }
  } as unknown as JupyterFrontEnd;
  return { app, commands, added };
}

/** Activate all plugins as an application without any optional service does. */
function activate(app: JupyterFrontEnd): IHubgrade {
  let hubgrade: IHubgrade | undefined;
  for (const plugin of plugins) {
    const required = (plugin.requires ?? []).map(() => hubgrade);
    const optional = (plugin.optional ?? []).map(() => null);
    const made = (plugin.activate as (...args: unknown[]) => unknown)(app, ...required, ...optional);
    hubgrade ??= made as IHubgrade;
  }
  if (!hubgrade) {
    throw new Error('nothing provides IHubgrade');
  }
  return hubgrade;
}

describe('the plugins', () => {
  afterEach(() => vi.restoreAllMocks());

  it('activate without any optional service', () => {
    const { app, commands, added } = makeApp();
    const hubgrade = activate(app);
    expect(Object.values(commandIDs).filter(id => !commands.hasCommand(id))).toEqual([]);
    expect(added).toEqual([{ id: 'hubgrade-panel', area: 'left' }]);
    hubgrade.tracker.dispose();
  });
  it('describe every command: label, caption and arguments', async () => {
    const { app, commands } = makeApp();
    const hubgrade = activate(app);
    for (const id of Object.values(commandIDs)) {
      expect(commands.label(id), id).not.toBe('');
      expect(commands.caption(id), id).not.toBe('');
      expect((await commands.describedBy(id)).args, id).toMatchObject({ type: 'object' });
    }
    hubgrade.tracker.dispose();
  });
  it('open the course page in the main area, once', async () => {
    const { app, commands, added } = makeApp();
    const hubgrade = activate(app);
    await commands.execute(commandIDs.openCoursePage, { tab: 'history' });
    await commands.execute(commandIDs.openCoursePage, { tab: 'settings' });
    expect(new Set(added.filter(one => one.area === 'main').map(one => one.id))).toEqual(new Set(['hubgrade-course-page']));
    hubgrade.tracker.dispose();
  });
  it("open the tree's tab from a notebook's page in Notebook", async () => {
    vi.spyOn(PageConfig, 'getOption').mockImplementation(name => (name === 'notebookPage' ? 'notebooks' : ''));
    const open = vi.spyOn(window, 'open').mockReturnValue(null);
    const { app, commands, added } = makeApp();
    const hubgrade = activate(app);
    await commands.execute(commandIDs.openCoursePage, { course_key: 'c1', tab: 'history' });
    expect(String(open.mock.calls[0][0])).toContain('/user/ada/tree?hubgrade=c1%2Fhistory');
    expect(added.some(one => one.area === 'main')).toBe(false);
    hubgrade.tracker.dispose();
  });
  it("put the course page into the tree's tabs in Notebook", async () => {
    const { app, commands, added } = makeApp();
    const tree = { addWidget: vi.fn(), currentWidget: null as Widget | null };
    const hubgrade = activate(makeApp().app);
    void (pagePlugin.activate as (...args: unknown[]) => unknown)(app, hubgrade, null, null, tree);
    await commands.execute(commandIDs.openCoursePage, {});
    expect(tree.addWidget).toHaveBeenCalledTimes(1);
    expect(tree.currentWidget?.id).toBe('hubgrade-course-page');
    expect(added).toEqual([]);
    hubgrade.tracker.dispose();
  });
  it('are named by the schema as they are registered', () => {
    const { app, commands } = makeApp();
    const hubgrade = activate(app);
    const text = JSON.stringify(schema);
    const named = [...text.matchAll(/"command":"([^"]+)"/g)].map(match => match[1]);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(id => !commands.hasCommand(id))).toEqual([]);
    expect(plugins.map(plugin => plugin.id)).toContain('hubgrade-ext:plugin');
    hubgrade.tracker.dispose();
  });
});
