/** Submit an assignment from one of its notebooks. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { CourseRef, StudentAssignment } from '../api/wire';
import { commandIDs, IHubgrade } from '../tokens';

/** The assignment that a notebook belongs to. */
interface IOwner {
  course: string;
  row: StudentAssignment;
}

export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'hubgrade-ext:notebook',
  description: 'Adds a button to submit the assignment that a notebook belongs to.',
  autoStart: true,
  requires: [IHubgrade],
  optional: [INotebookTracker],
  activate: (app: JupyterFrontEnd, hubgrade: IHubgrade, notebooks: INotebookTracker | null) => {
    const { acts, trans } = hubgrade;
    let owner: IOwner | null = null;

    app.commands.addCommand(commandIDs.submitNotebook, {
      label: args =>
        args.toolbar || !owner
          ? trans.__('Submit this assignment')
          : trans.__('Submit %1', owner.row.assignment_id),
      caption: () =>
        owner
          ? trans.__('Save and submit %1', owner.row.assignment_id)
          : trans.__('This notebook belongs to no fetched assignment'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            toolbar: { type: 'boolean', description: trans.__('Whether the command is shown in a toolbar') }
          }
        }
      },
      isVisible: () => owner !== null,
      isEnabled: () => owner !== null,
      execute: async () => {
        if (owner) {
          await acts.submit(owner.course, owner.row);
        }
      }
    });
    const look = async () => {
      const path = notebooks?.currentWidget?.context.localPath;
      const found = path ? await ownerOf(hubgrade, path) : null;
      // another notebook may have come to the front meanwhile
      if (path === notebooks?.currentWidget?.context.localPath) {
        owner = found;
        app.commands.notifyCommandChanged(commandIDs.submitNotebook);
      }
    };
    notebooks?.currentChanged.connect(() => void look());
  }
};

/** Find the fetched assignment that a notebook lies in; null when there is none. */
async function ownerOf({ model }: IHubgrade, path: string): Promise<IOwner | null> {
  try {
    const session = await model.queries.fetchQuery(model.session());
    const studied = session.courses.filter((course: CourseRef) => course.roles.includes('student'));
    for (const { course_key } of studied) {
      const page = await model.queries.fetchQuery(model.studentPage(course_key));
      const row = page.assignments.find(
        ({ fetched, server_path }) => fetched && server_path && path.startsWith(`${server_path}/`)
      );
      if (row) {
        return { course: course_key, row };
      }
    }
  } catch {
    // without a server there is nothing to submit to; the panel says what is wrong
  }
  return null;
}
