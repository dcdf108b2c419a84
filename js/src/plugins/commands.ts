/** Everything that can be done to a course, as commands. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Verb } from '../api/wire';
import { pickCourse } from '../hooks';
import { commandIDs, IHubgrade } from '../tokens';

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'hubgrade-ext:commands',
  description: 'Adds the commands of the course and of its assignments.',
  autoStart: true,
  requires: [IHubgrade],
  activate: (app: JupyterFrontEnd, hubgrade: IHubgrade) => {
    addCourseCommands(app, hubgrade);
    addAssignmentCommands(app, hubgrade);
  }
};

/** Return the course that a command means: the one in its arguments, else the chosen one. */
async function courseOf(hubgrade: IHubgrade, args: ReadonlyPartialJSONObject): Promise<string | null> {
  if (typeof args.course_key === 'string') {
    return args.course_key;
  }
  const { model, chosen } = hubgrade;
  const session = await model.queries.fetchQuery(model.session());
  const course = pickCourse(session.courses, [chosen.value.course_key, session.default_course_key]);
  return course?.course_key ?? null;
}

const NOTHING = { args: { type: 'object', properties: {} } };

function addCourseCommands(app: JupyterFrontEnd, hubgrade: IHubgrade): void {
  const { commands } = app;
  const { acts, chosen, model, opener, trans } = hubgrade;
  const ofCourse = {
    args: {
      type: 'object',
      properties: {
        course_key: { type: 'string', description: trans.__('The course; default: the chosen one') }
      }
    }
  };

  commands.addCommand(commandIDs.openCourse, {
    label: trans.__('Open course folder…'),
    caption: trans.__('Add an existing nbgrader course to the list'),
    describedBy: NOTHING,
    execute: () => acts.openCourse()
  });
  commands.addCommand(commandIDs.createCourse, {
    label: trans.__('New course…'),
    caption: trans.__('Create the folder of a new nbgrader course'),
    describedBy: NOTHING,
    execute: () => acts.createCourse()
  });
  commands.addCommand(commandIDs.createAssignment, {
    label: trans.__('New assignment…'),
    caption: trans.__('Create the source folder of a new assignment'),
    describedBy: ofCourse,
    execute: async args => {
      const course = await courseOf(hubgrade, args);
      if (course) {
        const page = await model.queries.fetchQuery(model.assignments(course));
        await acts.createAssignment(course, page.assignments.map(row => row.assignment_id));
      } else {
        await acts.openCourse();
      }
    }
  });
  commands.addCommand(commandIDs.openFormgrader, {
    label: trans.__('Open formgrader'),
    caption: trans.__("Open nbgrader's formgrader for this course in a page of its own"),
    describedBy: ofCourse,
    execute: args => {
      // no waiting before the page opens, or the browser takes it for a pop-up
      const known = model.queries.getQueryData(model.session().queryKey);
      const course =
        typeof args.course_key === 'string'
          ? args.course_key
          : pickCourse(known?.courses ?? [], [chosen.value.course_key, known?.default_course_key])?.course_key;
      return course ? acts.openFormgrader(course) : acts.openCourse();
    }
  });
  commands.addCommand(commandIDs.showPreflight, {
    label: trans.__('Check course'),
    caption: trans.__('Show whether everything that the course needs is in place'),
    describedBy: NOTHING,
    execute: () => opener.coursePage({ tab: 'preflight' })
  });
  commands.addCommand(commandIDs.showHistory, {
    label: trans.__('Show history'),
    caption: trans.__('Show what was done in the course, with its logs'),
    describedBy: NOTHING,
    execute: () => opener.coursePage({ tab: 'history' })
  });
  commands.addCommand(commandIDs.viewAsStudent, {
    label: trans.__('View as student'),
    caption: trans.__('Show the course as a student sees it'),
    describedBy: NOTHING,
    isToggleable: true,
    isToggled: () => chosen.value.as_student,
    execute: () => chosen.set({ as_student: !chosen.value.as_student })
  });
  commands.addCommand(commandIDs.refreshPages, {
    label: trans.__('Refresh'),
    caption: trans.__('Read everything that is shown again'),
    describedBy: NOTHING,
    execute: () => model.refresh()
  });
  chosen.changed.connect(() => commands.notifyCommandChanged(commandIDs.viewAsStudent));
}

function addAssignmentCommands(app: JupyterFrontEnd, hubgrade: IHubgrade): void {
  const { acts, opener, trans } = hubgrade;
  const verbs: { id: string; verb: Verb; label: string; caption: string }[] = [
    {
      id: commandIDs.generateAssignment,
      verb: 'generate_assignment',
      label: trans.__('Generate assignment'),
      caption: trans.__('Make the version for students out of the source')
    },
    {
      id: commandIDs.releaseAssignment,
      verb: 'release_assignment',
      label: trans.__('Release assignment'),
      caption: trans.__('Hand the generated version out to students')
    },
    {
      id: commandIDs.collectSubmissions,
      verb: 'collect',
      label: trans.__('Collect submissions'),
      caption: trans.__('Collect what was submitted since the last time')
    },
    {
      id: commandIDs.autogradeSubmissions,
      verb: 'autograde',
      label: trans.__('Autograde submissions'),
      caption: trans.__('Grade what was collected and is not graded yet')
    },
    {
      id: commandIDs.generateFeedback,
      verb: 'generate_feedback',
      label: trans.__('Generate feedback'),
      caption: trans.__('Write the feedback of what was graded')
    },
    {
      id: commandIDs.releaseFeedback,
      verb: 'release_feedback',
      label: trans.__('Release feedback'),
      caption: trans.__('Hand the feedback out to students')
    }
  ];
  for (const { id, verb, label, caption } of verbs) {
    app.commands.addCommand(id, {
      label,
      caption,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            course_key: { type: 'string', description: trans.__('The course; default: the chosen one') },
            assignment_id: { type: 'string', description: trans.__('The assignment') },
            scope: { type: 'string', description: trans.__('remaining (default) or all') }
          },
          required: ['assignment_id']
        }
      },
      execute: async args => {
        const course = await courseOf(hubgrade, args);
        const { assignment_id } = args;
        if (!course || typeof assignment_id !== 'string') {
          // which assignment is chosen on the page
          opener.coursePage({ tab: 'assignments' });
          return;
        }
        await acts.run(course, { verb, assignment_id, scope: args.scope === 'all' ? 'all' : 'remaining' });
      }
    });
  }
}
