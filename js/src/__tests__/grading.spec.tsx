import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { jobRequest, type Verb } from '../api/wire';
import { FakeServer, makeHubgrade } from './fakes';
import { course, graded, job, plan } from './samples';

afterEach(() => {
  cleanup();
  document.body.replaceChildren();
});

const button = (name: string) => screen.getByRole('button', { name });

async function shown(code: string) {
  const server = new FakeServer();
  server.on['GET /jobs/j1/log'] = { job_id: 'j1', text: '[ada] it died', offset: 0, next_offset: 13, size_bytes: 13 };
  server.on['POST /plan'] = plan({ verb: 'repair', new: 0, replaced: 1, total: 1, warnings: ['ada: renamed.'] });
  server.on['POST /jobs'] = job({ job_id: 'j2' });
  const parts = makeHubgrade(server);
  await act(async () => {
    void parts.acts.showOutcome('c1', 'ps1', graded('ada', code, 'It ended early.'));
    await Promise.resolve();
  });
  await waitFor(() => screen.getByRole('dialog', { name: 'ada · ps1' }));
  return { ...parts, server };
}

describe('what happened to a submission', () => {
  it('is told a notebook each, with what walled it in and its log', async () => {
    await shown('kernel_died');
    expect(screen.getByText('p.ipynb')).toBeTruthy();
    expect(screen.getByText('It ended early.')).toBeTruthy();
    expect(screen.getByText(/Linux namespaces/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Repair…' })).toBeNull();
    fireEvent.click(button('Show log'));
    await waitFor(() => expect(screen.getByLabelText('Log').textContent).toBe('[ada] it died'));
  });
  it('can be put right from there, after the plan has been seen', async () => {
    const { server } = await shown('notebook_renamed');
    fireEvent.click(button('Repair…'));
    await waitFor(() => screen.getByText('ada: renamed.'));
    fireEvent.click(button('Repair and regrade 1'));
    await waitFor(() => expect(server.asked('POST /jobs')).toHaveLength(1));
    expect(server.asked('POST /jobs')[0].body).toMatchObject({ verb: 'repair', students: ['ada'] });
  });
  it('is reported with what an admin has to look for, and the log once it is there', async () => {
    const { model, opener } = await shown('kernel_died');
    model.queries.setQueryData(model.session().queryKey, {
      version: '1', username: 'teacher', hub: false, courses: [course()], default_course_key: null, cancel_grace_s: 2
    });
    const writeText = vi.fn<(text: string) => Promise<void>>(() => Promise.resolve());
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    fireEvent.click(button('Show log'));
    await waitFor(() => screen.getByLabelText('Log'));
    fireEvent.click(button('Copy report'));
    await waitFor(() => expect(opener.notify).toHaveBeenCalledWith('Report copied', 'success'));
    vi.unstubAllGlobals();
    const lines = writeText.mock.calls[0][0].split('\n');
    expect(lines[0]).toBe('hubgrade 1');
    expect(lines.slice(2)).toEqual([
      'course: course101', 'assignment: ps1', 'item: ada', 'verb: autograde', 'job: j1', 'isolation: namespaces',
      'code: kernel_died', 'message: It ended early.', 'remedy: Look at it.', '', '[ada] it died'
    ]);
  });
});

describe('cancelling a job that grades', () => {
  async function cancelling(state: 'queued' | 'running', verb: Verb = 'autograde') {
    const server = new FakeServer();
    server.on['POST /cancel'] = job({ cancelling: true });
    const { acts, model } = makeHubgrade(server);
    model.queries.setQueryData(model.session().queryKey, {
      version: '1', username: 'ada', hub: false, courses: [], default_course_key: null, cancel_grace_s: 2
    });
    let over = false;
    await act(async () => {
      const request = jobRequest({ verb, assignment_id: 'ps1' });
      void acts.cancel(job({ request, state, done: 3, failed: 1, total: 11 })).then(() => (over = true));
      await Promise.resolve();
    });
    return { server, over: () => over };
  }
  it('says first what becomes of what runs and what waits', async () => {
    const { server } = await cancelling('running');
    await waitFor(() => screen.getByRole('dialog', { name: 'Stop Autograde ps1?' }));
    expect(screen.getByText('So far 2 done, 1 failed: that stays as it is.')).toBeTruthy();
    expect(screen.getByText(/get 2 s.* to finish, then they are cut.*Of the 8 that are left/)).toBeTruthy();
    expect(server.asked('POST /cancel')).toHaveLength(0);
    fireEvent.click(button('Stop the job'));
    await waitFor(() => expect(server.asked('POST /cancel')).toHaveLength(1));
  });
  it('can be thought better of', async () => {
    const { server, over } = await cancelling('running');
    await waitFor(() => button('Keep grading'));
    fireEvent.click(button('Keep grading'));
    await waitFor(() => expect(over()).toBe(true));
    expect(server.asked('POST /cancel')).toHaveLength(0);
  });
  it('names what goes on', async () => {
    await cancelling('running', 'repair');
    await waitFor(() => button('Keep running'));
  });
  it('asks nothing when it has not begun', async () => {
    const { server } = await cancelling('queued');
    await waitFor(() => expect(server.asked('POST /cancel')).toHaveLength(1));
  });
});
