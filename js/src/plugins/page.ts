/** The course page: a tab of Lab's main area, or of the tree page in Notebook. */
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { IStateDB } from '@jupyterlab/statedb';
import { INotebookTree } from '@jupyter-notebook/tree';
import { hubgradeIcon } from '../icons';
import { CoursePage } from '../panel';
import { type IPlace, placeFromQuery, placeToQuery, START, toPlace } from '../state';
import { commandIDs, IHubgrade } from '../tokens';

const NAMESPACE = 'hubgrade-course-page';

type Page = MainAreaWidget<CoursePage>;

export const pagePlugin: JupyterFrontEndPlugin<void> = {
  id: 'hubgrade-ext:page',
  description: 'Adds the course page.',
  autoStart: true,
  requires: [IHubgrade],
  optional: [ILayoutRestorer, IStateDB, INotebookTree],
  activate: (
    app: JupyterFrontEnd,
    hubgrade: IHubgrade,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    tree: INotebookTree | null
  ) => {
    const { trans } = hubgrade;
    // read at once: Lab rewrites the address when it has started
    const linked = placeFromQuery(window.location.search);
    const pages = new WidgetTracker<Page>({ namespace: NAMESPACE });
    // Notebook has no layout to restore: the place is kept by itself
    const remember = tree ? state : null;
    let page: Page | null = null;

    app.commands.addCommand(commandIDs.openCoursePage, {
      label: trans.__('Open course page'),
      caption: trans.__('Show the assignments, submissions and jobs of a course'),
      icon: args => (args['isPalette'] ? undefined : hubgradeIcon),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            course_key: { type: 'string', description: trans.__('The course; default: the chosen one') },
            tab: { type: 'string', description: trans.__('The tab to show') },
            assignment_id: { type: 'string', description: trans.__('The assignment to show') },
            job_id: { type: 'string', description: trans.__('The job to unfold') },
            filter: { type: 'string', description: trans.__('The text to filter by') },
            show: { type: 'string', description: trans.__('The kind of submissions to show') }
          }
        }
      },
      execute: async args => {
        const place = args as Partial<IPlace>;
        if (!tree && PageConfig.getOption('notebookPage')) {
          // a notebook's page in Notebook holds one document; the course page is a tab of the tree
          openTree({ ...START, course_key: hubgrade.chosen.value.course_key, ...place });
          return;
        }
        if (!page || page.isDisposed) {
          page = makePage();
          const stored = await remember?.fetch(NAMESPACE);
          page.content.go(toPlace({ ...START, ...(stored as Partial<IPlace>), ...place }));
          await pages.add(page);
        } else {
          page.content.go(toPlace({ ...page.content.place, ...place }));
        }
        show(page);
      }
    });

    if (restorer) {
      void restorer.restore(pages, {
        command: commandIDs.openCoursePage,
        args: widget => ({ ...widget.content.place }),
        name: () => NAMESPACE
      });
    }
    if (linked) {
      void app.restored.then(async () => {
        if (!tree && linked.course_key === null) {
          await app.commands.execute(commandIDs.showPanel);
        }
        await app.commands.execute(commandIDs.openCoursePage, { ...linked });
      });
    }

    function makePage(): Page {
      const content = new CoursePage(hubgrade, linkTo);
      const made = new MainAreaWidget({ content });
      made.id = NAMESPACE;
      made.title.closable = true;
      made.toolbar.hide();
      made.title.caption = trans.__('Hubgrade course page');
      content.placeChanged.connect((_, place) => {
        void pages.save(made);
        void remember?.save(NAMESPACE, { ...place });
      });
      return made;
    }

    function show(widget: Page): void {
      if (tree) {
        if (!widget.isAttached) {
          tree.addWidget(widget);
        }
        tree.currentWidget = widget;
        return;
      }
      if (!widget.isAttached) {
        app.shell.add(widget, 'main');
      }
      app.shell.activateById(widget.id);
    }

    function linkTo(query: string): string {
      return URLExt.join(app.serviceManager.serverSettings.baseUrl, tree ? 'tree' : 'lab') + query;
    }

    function openTree(place: IPlace): void {
      const url = URLExt.join(app.serviceManager.serverSettings.baseUrl, 'tree') + placeToQuery(place);
      window.open(url, '_blank', 'noopener');
    }
  }
};
