/** What the plugins share, and the names by which the rest of the application knows hubgrade. */
import { Token } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Acts } from './acts';
import type { JobTracker } from './jobs';
import type { Model } from './model';
import type { Chosen, IPlace } from './state';

export const commandIDs = {
  openCoursePage: 'hubgrade:open-course-page',
  showPanel: 'hubgrade:show-panel',
  openCourse: 'hubgrade:open-course',
  createCourse: 'hubgrade:create-course',
  createAssignment: 'hubgrade:create-assignment',
  openFormgrader: 'hubgrade:open-formgrader',
  showPreflight: 'hubgrade:show-preflight',
  showHistory: 'hubgrade:show-history',
  viewAsStudent: 'hubgrade:view-as-student',
  refreshPages: 'hubgrade:refresh-pages',
  submitNotebook: 'hubgrade:submit-notebook',
  generateAssignment: 'hubgrade:generate-assignment',
  releaseAssignment: 'hubgrade:release-assignment',
  collectSubmissions: 'hubgrade:collect-submissions',
  autogradeSubmissions: 'hubgrade:autograde-submissions',
  generateFeedback: 'hubgrade:generate-feedback',
  releaseFeedback: 'hubgrade:release-feedback'
} as const;

/** What only the application can do for a page. */
export interface IOpener {
  /** Show the course page; what the place leaves out stays as it is. */
  coursePage(place: Partial<IPlace>): void;
  /** Open a file of the server's root. */
  document(path: string): void;
  /** Show a folder of the server's root in the file browser. */
  folder(path: string): void;
  /** List the sub-folders of a folder of the server's root. */
  listFolders(path: string): Promise<string[]>;
  /** Save what is open and unsaved below a folder of the server's root. */
  saveNotebooks(folder: string): Promise<void>;
  /** Show a message that goes away, with at most one button. */
  notify(message: string, tone: 'success' | 'warning' | 'error' | 'info', action?: INotifyAction): void;
}

export interface INotifyAction {
  label: string;
  run: () => void;
}

/** hubgrade's shared parts. */
export interface IHubgrade {
  readonly model: Model;
  readonly tracker: JobTracker;
  readonly acts: Acts;
  readonly chosen: Chosen;
  readonly opener: IOpener;
  readonly trans: TranslationBundle;
}

export const IHubgrade = new Token<IHubgrade>(
  'hubgrade-ext:IHubgrade',
  "hubgrade's server state, job tracker and actions."
);
