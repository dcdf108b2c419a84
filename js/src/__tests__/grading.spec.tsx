import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeServer, makeHubgrade } from './fakes';
import { graded, job, plan } from './samples';

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
  return server;
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
    const server = await shown('notebook_renamed');
    fireEvent.click(button('Repair…'));
    await waitFor(() => screen.getByText('ada: renamed.'));
    fireEvent.click(button('Repair and regrade 1'));
    await waitFor(() => expect(server.asked('POST /jobs')).toHaveLength(1));
    expect(server.asked('POST /jobs')[0].body).toMatchObject({ verb: 'repair', students: ['ada'] });
  });
});

describe('cancelling a job that grades', () => {
  async function cancelling(state: 'queued' | 'running') {
    const server = new FakeServer();
    server.on['POST /cancel'] = job({ cancelling: true });
    const { acts, model } = makeHubgrade(server);
    model.queries.setQueryData(model.session().queryKey, {
      version: '1', username: 'ada', hub: false, courses: [], default_course_key: null, cancel_grace_s: 2
    });
    let over = false;
    await act(async () => {
      void acts.cancel(job({ state, done: 3, total: 11 })).then(() => (over = true));
      await Promise.resolve();
    });
    return { server, over: () => over };
  }
  it('says first what becomes of what runs and what waits', async () => {
    const { server } = await cancelling('running');
    await waitFor(() => screen.getByRole('dialog', { name: 'Stop Autograde ps1?' }));
    expect(screen.getByText('3 are done, and stay.')).toBeTruthy();
    expect(screen.getByText(/get 2 s.* to finish, then they are cut.*Of the 8 that are left/)).toBeTruthy();
    expect(server.asked('POST /cancel')).toHaveLength(0);
    fireEvent.click(button('Stop the job'));
    await waitFor(() => expect(server.asked('POST /cancel')).toHaveLength(1));
  });
  it('can be thought better of', async () => {
    const { server, over } = await cancelling('running');
    await waitFor(() => button('Go on'));
    fireEvent.click(button('Go on'));
    await waitFor(() => expect(over()).toBe(true));
    expect(server.asked('POST /cancel')).toHaveLength(0);
  });
  it('asks nothing when it has not begun', async () => {
    const { server } = await cancelling('queued');
    await waitFor(() => expect(server.asked('POST /cancel')).toHaveLength(1));
  });
});
