import { QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import type { AssignmentRow } from '../api/wire';
import { RunningJobs } from '../components/RunningJobs';
import { HubgradeContext, pickCourse, VisibleContext } from '../hooks';
import { CoursePage } from '../panel';
import { START } from '../state';
import { PageView } from '../views/PageView';
import { PanelView } from '../views/PanelView';
import { FakeServer, makeHubgrade, refusal } from './fakes';
import { assignment, course, job, plan, studentAssignment, submission } from './samples';

afterEach(cleanup);

function serve(rows: AssignmentRow[], courses = [course()]): FakeServer {
  const server = new FakeServer();
  server.on['GET /session'] = { version: '1', username: 'ada', hub: false, courses, default_course_key: null };
  server.on['GET /preflight'] = { course: course(), findings: [], errors: 0, warnings: 0 };
  server.on['GET /jobs'] = { course: course(), jobs: [] };
  server.on['GET /c1/assignments'] = { course: course(), students: 120, assignments: rows };
  return server;
}

function show(server: FakeServer, view = <PanelView />, visible = true) {
  const made = makeHubgrade(server);
  const rendered = render(
    <QueryClientProvider client={made.model.queries}>
      <HubgradeContext.Provider value={made.hubgrade}>
        <VisibleContext.Provider value={visible}>{view}</VisibleContext.Provider>
      </HubgradeContext.Provider>
    </QueryClientProvider>
  );
  return { ...made, ...rendered };
}

describe('the side panel', () => {
  it('offers the next step of each assignment', async () => {
    const server = serve([
      assignment({ assignment_id: 'ps2', next_step: { step: 'autograde', count: 75 } }),
      assignment({ assignment_id: 'ps1', next_step: { step: 'done', count: 0 } })
    ]);
    server.on['POST /plan'] = plan();
    server.on['POST /jobs'] = job({ request: { ...job().request, assignment_id: 'ps2' } });
    const { tracker } = show(server);
    fireEvent.click(await screen.findByRole('button', { name: 'Autograde 75: ps2' }));
    await waitFor(() => expect(server.asked('POST /jobs')).toHaveLength(1));
    expect(await screen.findByRole('progressbar', { name: 'Autograde ps2' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Autograde 75: ps2' })).toBeNull();
    expect(screen.getByText('Ready')).toBeTruthy();
    tracker.dispose();
  });
  it('says that students have an earlier version, and that the solution does not pass', async () => {
    const at = '2026-11-22T10:00:00Z';
    const fault = { code: 'solution_fails', where: 'p.ipynb, cell 3', message: 'It gets 0 of 1 point.', remedy: 'Mend it.', fails: true };
    const verdict = { state: 'failed' as const, checked_at: at, cells: 1, max_score: 1, released_score: 0, findings: [fault] };
    const server = serve([
      assignment({ generated: { state: 'outdated', at }, released: { state: 'current', at } }),
      assignment({
        assignment_id: 'ps2',
        next_step: { step: 'release_assignment', count: 0 },
        generated: { state: 'current', at },
        gate: { mode: 'block', verdict, unfinished: null }
      })
    ]);
    server.on['POST /plan'] = plan({ verb: 'check_assignment', assignment_id: 'ps2', total: 1, new: 1 });
    server.on['POST /jobs'] = job({ request: { ...job().request, verb: 'check_assignment', assignment_id: 'ps2' } });
    const { tracker } = show(server);
    expect(await screen.findByRole('button', { name: 'Generate again: ps1' })).toBeTruthy();
    expect(screen.getByText('Its source has changed since the release.')).toBeTruthy();
    expect(screen.getByText('Its solution does not pass: 1 fault.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Show all: ps2' }));
    expect((await screen.findByRole('dialog')).textContent).toContain('It gets 0 of 1 point. Mend it.');
    fireEvent.click(screen.getByRole('button', { name: 'Check again' }));
    await waitFor(() => expect(server.asked('POST /jobs')).toHaveLength(1));
    expect(server.asked('POST /jobs')[0].body).toMatchObject({ verb: 'check_assignment', assignment_id: 'ps2' });
    tracker.dispose();
  });
  it('asks for nothing while it is hidden', async () => {
    const server = serve([]);
    const { tracker } = show(server, <PanelView />, false);
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.calls).toEqual([]);
    tracker.dispose();
  });
  it('says what to do first when there is nothing yet', async () => {
    const { tracker } = show(serve([]));
    expect(await screen.findByText('No assignments yet')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Create assignment' })).toBeTruthy();
    tracker.dispose();
  });
  it('says what is wrong, and asks again', async () => {
    const server = serve([assignment()]);
    server.on['GET /c1/assignments'] = refusal(422, 'The gradebook cannot be opened.', { remedy: 'Restore it.' });
    const { tracker } = show(server);
    expect((await screen.findByRole('alert')).textContent).toContain('Restore it.');
    server.on['GET /c1/assignments'] = { course: course(), students: 1, assignments: [assignment()] };
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(await screen.findByRole('button', { name: 'Generate: ps1' })).toBeTruthy();
    tracker.dispose();
  });
  it('shows a student no instructor tools, and asks no instructor page', async () => {
    const server = serve([], [course({ roles: ['student'], root: null, server_path: null })]);
    server.on['GET /student'] = {
      course: course(),
      assignments: [
        studentAssignment(),
        studentAssignment({ assignment_id: 'ps2', state: 'fetched', fetched: true, server_path: 'ps2' })
      ]
    };
    const { tracker } = show(server);
    expect(await screen.findByRole('button', { name: 'Fetch ps1' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Submit ps2' })).toBeTruthy();
    expect(screen.queryByText('Formgrader ↗')).toBeNull();
    expect(screen.queryByText('New course…')).toBeNull();
    expect(server.asked('GET /c1/assignments')).toEqual([]);
    tracker.dispose();
  });
  it('lets an instructor look as a student does', async () => {
    const server = serve([assignment()]);
    server.on['GET /student'] = { course: course(), assignments: [studentAssignment()] };
    const { chosen, tracker } = show(server);
    await screen.findByRole('button', { name: 'Generate: ps1' });
    act(() => chosen.set({ as_student: true }));
    expect(await screen.findByRole('button', { name: 'Fetch ps1' })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Back to instructor' }));
    expect(await screen.findByRole('button', { name: 'Generate: ps1' })).toBeTruthy();
    tracker.dispose();
  });
});

describe('the course page', () => {
  it('shows the tab and the filter of its place', async () => {
    const row = assignment();
    const server = serve([row]);
    server.on['GET /submissions'] = {
      course: course(), assignment: row, submissions: [submission('ada'), submission('bob')]
    };
    const place = { ...START, course_key: 'c1', tab: 'submissions' as const, assignment_id: 'ps1', filter: 'bob' };
    const { tracker } = show(server, <PageView place={place} onGo={() => undefined} linkOf={query => query} />);
    expect((await screen.findAllByRole('rowheader')).map(cell => cell.textContent)).toEqual(['bob']);
    expect(screen.getByRole('tab', { name: 'Submissions' }).getAttribute('aria-selected')).toBe('true');
    tracker.dispose();
  });
});

describe('the history', () => {
  const failed = job({ job_id: 'old', state: 'done', done: 3, total: 3, failed: 2 });
  const redo = (students: string[]) =>
    job({ job_id: 'new', state: 'done', done: 1, total: 1, request: { ...failed.request, students } });
  async function retried(students: string[], items = ['bob', 'cid']) {
    const server = serve([]);
    server.on['GET /jobs'] = { course: course(), jobs: [redo(students), failed] };
    const results = items.map(item => ({ item, state: 'failed', code: 'x', message: '', remedy: '', isolation: '', notebooks: [] }));
    server.on['GET /jobs/old'] = { job: failed, results, findings: [] };
    const place = { ...START, course_key: 'c1', tab: 'history' as const };
    const { tracker } = show(server, <PageView place={place} onGo={() => undefined} linkOf={query => query} />);
    await screen.findByText('1 done, 2 failed');
    return { server, tracker };
  }
  const retry = () => screen.queryByRole('button', { name: 'Retry failed 2' });
  it('offers to retry what failed until a newer job has taken it up', async () => {
    const { server, tracker } = await retried(['bob']);
    await waitFor(() => expect(retry()).toBeTruthy());
    expect(server.asked('GET /jobs/old')).toHaveLength(1);
    tracker.dispose();
  });
  it('does not offer it once more', async () => {
    const { server, tracker } = await retried(['cid', 'bob']);
    await waitFor(() => expect(server.asked('GET /jobs/old')).toHaveLength(1));
    await act(() => new Promise(resolve => setTimeout(resolve, 20)));
    expect(retry()).toBeNull();
    tracker.dispose();
  });
});

describe('a running job', () => {
  const announced = () => document.querySelector('[aria-live]')?.textContent;
  it('is announced at each quarter, without chatter', () => {
    const props = { onCancel: () => Promise.resolve(), leftOf: () => null };
    const { rerender } = render(<RunningJobs {...props} jobs={[job({ done: 0, total: 8 })]} />);
    const said: (string | null | undefined)[] = [announced()];
    for (let done = 1; done <= 8; done++) {
      rerender(<RunningJobs {...props} jobs={[job({ done, total: 8 })]} />);
      said.push(announced());
    }
    expect([...new Set(said)]).toEqual([0, 25, 50, 75, 100].map(part => `Autograde ps1: ${part} percent`));
  });
});

describe('which course is shown', () => {
  const courses = [course(), course({ course_key: 'c2' })];
  it('is the wanted one if it is there, else the first', () => {
    expect(pickCourse(courses, [null, 'gone', 'c2'])?.course_key).toBe('c2');
    expect(pickCourse(courses, ['gone'])?.course_key).toBe('c1');
    expect(pickCourse([], ['c1'])).toBeNull();
  });
});

describe('the chosen course', () => {
  it('is that of the panel and of the course page alike', () => {
    const { hubgrade, chosen, tracker } = makeHubgrade();
    const page = new CoursePage(hubgrade, query => query);
    page.go({ course_key: 'c1', tab: 'submissions', assignment_id: 'ps1', filter: 'ann' });
    expect(chosen.value.course_key).toBe('c1');
    chosen.set({ course_key: 'c2' });
    expect(page.place).toEqual({ ...START, course_key: 'c2', tab: 'submissions' });
    page.go({ tab: 'history', filter: 'x' });
    chosen.set({ as_student: true });
    expect(page.place).toMatchObject({ course_key: 'c2', tab: 'history', filter: 'x' });
    page.dispose();
    chosen.set({ course_key: 'c3' });
    expect(page.place.course_key).toBe('c2');
    tracker.dispose();
  });
});
