import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { needsConfirmation } from '../confirming';
import { Failure } from '../api/errors';
import { jobRequest, type Job } from '../api/wire';
import { DueDateDialog } from '../components/DueDateDialog';
import { NewAssignmentDialog } from '../components/NewAssignmentDialog';
import { PlanDialog } from '../components/PlanDialog';
import { exactTime } from '../dates';
import type { JobTracker } from '../jobs';
import { toastsPlugin } from '../plugins/toasts';
import { FakeServer, makeHubgrade, refusal } from './fakes';
import { assignment, course, job, plan, studentAssignment } from './samples';

afterEach(() => {
  cleanup();
  document.body.replaceChildren();
});

const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name });

describe('before something is overwritten', () => {
  it.each([
    [plan(), false],
    [plan({ replaced: 1 }), true],
    [plan({ confirm_with: 'ps1' }), true],
    [plan({ warnings: ['It is late.'] }), true],
    [plan({ verb: 'collect', warnings: ['1 submission is late.'] }), false]
  ])('%o asks: %s', (given, asks) => {
    expect(needsConfirmation(given)).toBe(asks);
  });
  it('says what is replaced, for how many, and where the backup is', () => {
    const onClose = vi.fn();
    render(<PlanDialog plan={plan({ new: 0, replaced: 120, total: 120, backup: '/c/.hubgrade/backups/x' })} onClose={onClose} onCheck={vi.fn()} />);
    expect(screen.getByText(/120 students in ps1/)).toBeTruthy();
    expect(screen.getByText('/c/.hubgrade/backups/x')).toBeTruthy();
    fireEvent.click(button('Regrade 120'));
    expect(onClose).toHaveBeenCalledWith('');
  });
  it('asks for the name before it destroys', () => {
    const onClose = vi.fn();
    render(<PlanDialog plan={plan({ verb: 'unrelease', confirm_with: 'ps1' })} onClose={onClose} onCheck={vi.fn()} />);
    expect(button('Unrelease ps1').disabled).toBe(true);
    fireEvent.change(screen.getByLabelText('Type ps1 to confirm'), { target: { value: 'ps' } });
    expect(button('Unrelease ps1').disabled).toBe(true);
    fireEvent.change(screen.getByLabelText('Type ps1 to confirm'), { target: { value: 'ps1' } });
    fireEvent.click(button('Unrelease ps1'));
    expect(onClose).toHaveBeenCalledWith('ps1');
  });
});

describe('the release gate', () => {
  const wish = { verb: 'release_assignment', assignment_id: 'ps1' } as const;
  const finding = {
    code: 'solution_fails',
    where: 'problem1.ipynb, cell 6 (squares)',
    message: 'The solution gets 0 of 1 point (NameError).',
    remedy: 'Correct the solution.',
    fails: true
  };
  const verdict = { checked_at: '2026-11-22T12:00:00Z', cells: 1, max_score: 1, released_score: 0 };
  const held = plan({
    ...wish,
    gate: { mode: 'block', verdict: { ...verdict, state: 'failed', findings: [finding] }, unfinished: null }
  });

  it('asks only when the solution is known not to pass', () => {
    const passed = { ...verdict, state: 'passed' as const, findings: [] };
    expect(needsConfirmation(plan({ ...wish, gate: { mode: 'block', verdict: null, unfinished: null } }))).toBe(false);
    expect(needsConfirmation(plan({ ...wish, gate: { mode: 'block', verdict: passed, unfinished: null } }))).toBe(false);
    const unfinished = { code: 'worker_lost', message: 'Lost.', remedy: '', suggestion: '', report: '' };
    expect(needsConfirmation(plan({ ...wish, gate: { mode: 'block', verdict: null, unfinished } }))).toBe(true);
    expect(needsConfirmation(plan({ ...wish, gate: { mode: 'warn', verdict: null, unfinished } }))).toBe(false);
    expect(needsConfirmation(held)).toBe(true);
  });
  it('names notebook and cell, and releases only on a second word', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = held;
    server.on['POST /jobs'] = job({ state: 'done' });
    const { acts, tracker } = makeHubgrade(server);
    const running = acts.run('c1', wish);
    expect(await screen.findByText('problem1.ipynb, cell 6 (squares)')).toBeTruthy();
    expect(screen.getByText(/gets 0 of 1 point/)).toBeTruthy();
    fireEvent.click(button('Release anyway'));
    await act(() => running);
    expect(server.asked('POST /jobs')[0].body).toMatchObject({ verb: 'release_assignment', anyway: true });
    tracker.dispose();
  });
  it('is told of when an assignment was generated whose solution does not pass', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = held;
    server.on['GET /jobs'] = { course: course(), jobs: [] };
    const { hubgrade, opener, tracker } = makeHubgrade(server);
    await toastsPlugin.activate({} as JupyterFrontEnd, hubgrade);
    const request = jobRequest({ verb: 'generate_assignment', assignment_id: 'ps1' });
    const summary = 'Its solution does not pass: 1 fault.';
    (tracker.ended as Signal<JobTracker, Job>).emit(job({ state: 'done', total: 1, done: 1, request, summary }));
    await waitFor(() => expect(opener.notify).toHaveBeenCalled());
    const [text, tone, button] = opener.notify.mock.calls[0] as [string, string, { run: () => void }];
    expect([text, tone]).toEqual(['Generate ps1: Its solution does not pass: 1 fault.', 'warning']);
    button.run();
    expect(await screen.findByRole('button', { name: 'Release anyway' })).toBeTruthy();
    tracker.dispose();
  });
  it('can be asked again instead', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = held;
    server.on['POST /jobs'] = job();
    const { acts, tracker } = makeHubgrade(server);
    const running = acts.run('c1', wish);
    await screen.findByRole('button', { name: 'Release anyway' });
    server.on['POST /plan'] = plan({ verb: 'check_assignment', total: 1, new: 1 });
    fireEvent.click(button('Check again'));
    await act(() => running);
    expect(server.asked('POST /jobs').map(({ body }) => (body as { verb: string }).verb)).toEqual(['check_assignment']);
    tracker.dispose();
  });
  it('says when the check itself did not finish, which is no verdict', () => {
    const unfinished = { code: 'worker_lost', message: 'The worker was lost.', remedy: 'Start it.', suggestion: '', report: '' };
    render(<PlanDialog plan={plan({ ...wish, gate: { mode: 'block', verdict: null, unfinished } })} onClose={vi.fn()} onCheck={vi.fn()} />);
    expect(screen.getByText('The check itself did not finish.').parentElement?.textContent).toContain('The worker was lost. Start it.');
    expect(screen.queryByText(/does not pass/)).toBeNull();
    expect(button('Check again')).toBeTruthy();
  });
  it('says beside what is replaced that the solution is graded first, or passed', () => {
    const unknown = plan({ ...wish, new: 0, replaced: 1, gate: { mode: 'block', verdict: null, unfinished: null } });
    render(<PlanDialog plan={unknown} onClose={vi.fn()} onCheck={vi.fn()} />);
    expect(screen.getByText(/released only with full marks/)).toBeTruthy();
    cleanup();
    const passed = plan({ ...unknown, gate: { mode: 'warn', verdict: { ...verdict, state: 'passed', findings: [] }, unfinished: null } });
    render(<PlanDialog plan={passed} onClose={vi.fn()} onCheck={vi.fn()} />);
    expect(screen.getByText(/gets full marks: 1 point/)).toBeTruthy();
    expect(button('Release again')).toBeTruthy();
  });
});

describe('a submission', () => {
  it('is told with assignment and time', async () => {
    const { hubgrade, opener, tracker } = makeHubgrade(new FakeServer());
    await toastsPlugin.activate({} as JupyterFrontEnd, hubgrade);
    const request = jobRequest({ verb: 'submit', assignment_id: 'ps1' });
    const ended_at = '2026-11-22T12:00:00Z';
    (tracker.ended as Signal<JobTracker, Job>).emit(job({ state: 'done', total: 1, done: 1, request, ended_at }));
    await waitFor(() => expect(opener.notify).toHaveBeenCalled());
    expect(opener.notify.mock.calls[0][0]).toBe(`Submit ps1: done, ${exactTime(ended_at)}`);
    tracker.dispose();
  });
});

describe('running a verb', () => {
  const wish = { verb: 'autograde', assignment_id: 'ps1' } as const;

  it('starts at once when nothing is replaced', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = plan();
    server.on['POST /jobs'] = job();
    const { acts, tracker } = makeHubgrade(server);
    expect((await acts.run('c1', wish))?.job_id).toBe('j1');
    expect(screen.queryByRole('dialog')).toBeNull();
    tracker.dispose();
  });
  it('does nothing when the dialog is dismissed, and gives the focus back', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = plan({ new: 0, replaced: 3 });
    const { acts, tracker } = makeHubgrade(server);
    const before = document.body.appendChild(document.createElement('button'));
    before.focus();
    const running = acts.run('c1', wish);
    const cancel = await screen.findByRole('button', { name: 'Cancel' });
    cancel.focus();
    act(() => cancel.click());
    expect(await running).toBeNull();
    await waitFor(() => expect(document.activeElement).toBe(before));
    expect(server.asked('POST /jobs')).toEqual([]);
    expect(document.querySelector('dialog')).toBeNull();
    tracker.dispose();
  });
  it('sends the typed name along', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = plan({ verb: 'unrelease', confirm_with: 'ps1' });
    server.on['POST /jobs'] = job({ state: 'done' });
    const { acts, tracker } = makeHubgrade(server);
    const running = acts.run('c1', { verb: 'unrelease', assignment_id: 'ps1' });
    fireEvent.change(await screen.findByLabelText('Type ps1 to confirm'), { target: { value: 'ps1' } });
    fireEvent.click(button('Unrelease ps1'));
    await act(() => running);
    expect(server.asked('POST /jobs')[0].body).toMatchObject({ verb: 'unrelease', confirm: 'ps1' });
    tracker.dispose();
  });
  it('tells a student that it is late, and not the first', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = plan({ verb: 'submit', total: 1, new: 1 });
    const { acts, opener, tracker } = makeHubgrade(server);
    const receipt = { submitted_at: '2026-01-01T00:00:00Z', feedback: 'none' as const, feedback_paths: [], receipt: null };
    const row = studentAssignment({ due_date: '2026-01-02T00:00:00Z', server_path: 'ps1', submissions: [receipt] });
    const submitting = acts.submit('c1', row);
    expect(await screen.findByText(/this submission is late by/)).toBeTruthy();
    expect(screen.getByText(/submitted before/)).toBeTruthy();
    expect(opener.saveNotebooks).toHaveBeenCalledWith('ps1');
    act(() => button('Cancel').click());
    expect(await submitting).toBeNull();
    tracker.dispose();
  });
  it('says so when nothing is left to do', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = plan({ total: 0, new: 0 });
    const { acts, opener, tracker } = makeHubgrade(server);
    expect(await acts.run('c1', wish)).toBeNull();
    expect(opener.notify).toHaveBeenCalledWith('ps1: nothing is left to do.', 'info');
    tracker.dispose();
  });
  it('shows cause and remedy when the server refuses', async () => {
    const server = new FakeServer();
    server.on['POST /plan'] = refusal(409, 'ps1 is not generated.', { remedy: 'Generate it first.' });
    const { acts, tracker } = makeHubgrade(server);
    const running = acts.run('c1', wish);
    expect(await screen.findByText('ps1 is not generated.')).toBeTruthy();
    expect(screen.getByText('Generate it first.')).toBeTruthy();
    act(() => button('Close').click());
    expect(await running).toBeNull();
    tracker.dispose();
  });
});

describe('formgrader', () => {
  it('opens a page within the click and then says where it goes', async () => {
    const server = new FakeServer();
    server.on['GET /formgrader'] = { url: '/user/ada/hubgrade/formgrader/c1', problem: null };
    const { acts, tracker } = makeHubgrade(server);
    const page = { opener: window, close: vi.fn(), location: { replace: vi.fn() } };
    const open = vi.spyOn(window, 'open').mockReturnValue(page as unknown as Window);
    const opening = acts.openFormgrader('c1');
    expect(open).toHaveBeenCalledWith('', '_blank');
    await opening;
    expect(page.opener).toBeNull();
    expect(page.location.replace).toHaveBeenCalledWith(expect.stringContaining('/user/ada/hubgrade/formgrader/c1'));
    open.mockRestore();
    tracker.dispose();
  });
  it('closes the page again and says in plain words what is missing', async () => {
    const server = new FakeServer();
    server.on['GET /formgrader'] = {
      url: '', problem: { code: 'conflict', message: 'formgrader is not enabled.', remedy: 'Enable it.', suggestion: '', report: '' }
    };
    const { acts, tracker } = makeHubgrade(server);
    const page = { opener: window, close: vi.fn(), location: { replace: vi.fn() } };
    const open = vi.spyOn(window, 'open').mockReturnValue(page as unknown as Window);
    const opening = acts.openFormgrader('c1');
    expect(await screen.findByText('formgrader is not enabled.')).toBeTruthy();
    expect(page.close).toHaveBeenCalled();
    act(() => button('Close').click());
    await opening;
    open.mockRestore();
    tracker.dispose();
  });
});

describe('a new assignment', () => {
  it('checks its name while it is typed', () => {
    render(<NewAssignmentDialog taken={['PS1']} onCreate={vi.fn()} onClose={vi.fn()} />);
    const name = screen.getByLabelText('Name');
    const create = button('Create assignment');
    expect(create.disabled).toBe(true);
    fireEvent.change(name, { target: { value: 'ps1' } });
    expect(screen.getByText('The course has an assignment of this name.')).toBeTruthy();
    fireEvent.change(name, { target: { value: 'ps(2)' } });
    expect(create.disabled).toBe(true);
    fireEvent.click(button('Use “ps-2”'));
    expect(create.disabled).toBe(false);
  });
  it('offers what the server suggests', async () => {
    const onClose = vi.fn();
    const row = assignment({ assignment_id: 'ps-4' });
    const onCreate = vi.fn((name: string) =>
      Promise.resolve(name === 'ps-4' ? row : new Failure({ message: 'Taken.', suggestion: 'ps-4' }, 400))
    );
    render(<NewAssignmentDialog taken={[]} onCreate={onCreate} onClose={onClose} />);
    fireEvent.change(screen.getByLabelText('Name'), { target: { value: 'ps3' } });
    fireEvent.click(button('Create assignment'));
    fireEvent.click(await screen.findByRole('button', { name: 'Use “ps-4”' }));
    fireEvent.click(button('Create assignment'));
    await waitFor(() => expect(onClose).toHaveBeenCalledWith(row));
  });
});

describe('a due date', () => {
  const open = (due: string | null) => {
    const onSave = vi.fn(() => Promise.resolve(assignment()));
    render(<DueDateDialog assignment="ps1" due={due} onSave={onSave} onClose={vi.fn()} />);
    fireEvent.change(screen.getByLabelText('Time zone'), { target: { value: 'Europe/Berlin' } });
    return onSave;
  };
  const choose = (date: string, time: string) => {
    fireEvent.change(screen.getByLabelText('Date'), { target: { value: date } });
    fireEvent.change(screen.getByLabelText('Time'), { target: { value: time } });
  };
  it('is sent in UTC and shown so', async () => {
    const onSave = open(null);
    choose('2026-11-27', '17:00');
    expect(screen.getByText(/^= .*UTC/)).toBeTruthy();
    await act(async () => {
      button('Set due date').click();
      await Promise.resolve();
    });
    expect(onSave).toHaveBeenCalledWith({ due_date: '2026-11-27T16:00:00Z' });
  });
  it('cannot be an hour that clocks skip', () => {
    open(null);
    choose('2026-03-29', '02:30');
    expect(button('Set due date').disabled).toBe(true);
    expect(screen.getByText(/skip this time/)).toBeTruthy();
  });
  it('says which of two equal times counts', () => {
    open(null);
    choose('2026-10-25', '02:30');
    expect(screen.getByText(/the first counts/)).toBeTruthy();
  });
  it('can be removed', async () => {
    const onSave = open('2026-11-27T16:00:00Z');
    await act(async () => {
      button('Remove due date').click();
      await Promise.resolve();
    });
    expect(onSave).toHaveBeenCalledWith({ due_date: null });
  });
});
