import { QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import type { Finding, FixPlan, FixRecord } from '../api/wire';
import { JobResults } from '../components/JobResults';
import { HubgradeContext, VisibleContext } from '../hooks';
import { PreflightTab } from '../views/PreflightTab';
import { FakeServer, makeHubgrade, refusal } from './fakes';
import { course, job } from './samples';

afterEach(cleanup);

function finding(check_id: string, status: Finding['status'], change: Partial<Finding> = {}): Finding {
  const title = `Title of ${check_id}`;
  return {
    check_id, status, title, subject: 'exchange', message: `Message of ${check_id}.`,
    why: 'Why.', remedy: 'Remedy.', fixable: false, ...change
  };
}

const PLAN: FixPlan = {
  fix_id: 'coursedir.leak',
  title: 'Close the course folder to other users',
  button: 'Close the folder',
  changes: [{ what: 'Change the mode of /c from 755 to 750.', detail: 'chmod 750 /c' }],
  reversible: true,
  digest: 'd1'
};
const RECORD: FixRecord = {
  record_id: 'r1', fix_id: 'coursedir.leak', title: PLAN.title, at: '2026-11-22T11:00:00Z', by: 'ada',
  changes: PLAN.changes, reversible: true, undone_at: null
};

function report(findings: Finding[]) {
  const count = (status: Finding['status']) => findings.filter(one => one.status === status).length;
  return { course: course(), findings, errors: count('error'), warnings: count('warning') };
}

function show(server: FakeServer) {
  const made = makeHubgrade(server);
  render(
    <QueryClientProvider client={made.model.queries}>
      <HubgradeContext.Provider value={made.hubgrade}>
        <VisibleContext.Provider value={true}>
          <PreflightTab course="c1" />
        </VisibleContext.Provider>
      </HubgradeContext.Provider>
    </QueryClientProvider>
  );
  return made;
}

describe('the preflight report', () => {
  it('shows what is known at once, and the slow checks when they are there', async () => {
    const server = new FakeServer();
    server.on['GET /c1/fixes'] = { course: course(), fixes: [] };
    let finish: (report: unknown) => void = () => undefined;
    const whole = new Promise(resolve => (finish = resolve));
    const answers: unknown[] = [report([finding('kernel.missing', 'running'), finding('a.ok', 'ok')])];
    server.on['GET /c1/preflight'] = () => answers.shift() ?? whole;
    show(server);
    expect(await screen.findByText('Nothing wrong so far')).toBeTruthy();
    expect(screen.getByText('1 check is still running: Title of kernel.missing')).toBeTruthy();
    finish(report([finding('kernel.missing', 'error', { subject: 'notebooks' }), finding('a.ok', 'ok')]));
    expect(await screen.findByText('1 problem')).toBeTruthy();
    expect(screen.queryByText(/still running/)).toBeNull();
  });

  it('keeps what slow checks said while they run again', async () => {
    const server = new FakeServer();
    server.on['GET /c1/fixes'] = { course: course(), fixes: [] };
    const slow = finding('kernel.missing', 'error', { subject: 'notebooks' });
    let finish: (report: unknown) => void = () => undefined;
    const answers: unknown[] = [
      report([finding('kernel.missing', 'running'), finding('x.mode', 'warning')]),
      report([slow, finding('x.mode', 'warning')]),
      report([finding('kernel.missing', 'running'), finding('x.mode', 'ok')])
    ];
    const last = new Promise(resolve => (finish = resolve));
    server.on['GET /c1/preflight'] = () => answers.shift() ?? last;
    show(server);
    expect(await screen.findByText('1 problem · 1 warning')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Check again' }));
    expect(await screen.findByText('1 problem')).toBeTruthy();
    expect(screen.getByText(slow.message)).toBeTruthy();
    finish(report([finding('kernel.missing', 'ok'), finding('x.mode', 'ok')]));
    expect(await screen.findByText('Everything that was checked works')).toBeTruthy();
    expect(screen.queryByRole('article')).toBeNull();
  });

  it('puts problems first, by subject, and folds the rest', async () => {
    const server = new FakeServer();
    server.on['GET /c1/fixes'] = { course: course(), fixes: [] };
    server.on['GET /c1/preflight'] = report([
      finding('x.info', 'info'),
      finding('g.warning', 'warning', { subject: 'gradebook' }),
      finding('x.error', 'error'),
      finding('h.skipped', 'skipped', { subject: 'hub' }),
      finding('x.ok', 'ok')
    ]);
    show(server);
    expect(await screen.findByText('1 problem · 1 warning')).toBeTruthy();
    expect(screen.getAllByRole('heading').map(node => node.textContent)).toEqual(['Exchange', 'Gradebook']);
    const exchange = within(screen.getByRole('region', { name: 'Exchange' }));
    expect(exchange.getAllByRole('article').map(node => node.textContent?.slice(0, 7))).toEqual(['Problem', 'NoteMes']);
    expect(screen.getByText('1 check is fine')).toBeTruthy();
    expect(screen.getByText('1 check does not apply here')).toBeTruthy();
  });

  it('shows a command as one, and what only an administrator can do as such', async () => {
    const server = new FakeServer();
    server.on['GET /c1/fixes'] = { course: course(), fixes: [] };
    server.on['GET /c1/preflight'] = report([
      finding('exchange.mode', 'error', { remedy: 'Ask the owner to run: chmod 1777 /srv/exchange' }),
      finding('notebook.readable', 'error', { subject: 'notebooks' }),
      finding('assignment.name', 'error', { subject: 'course' })
    ]);
    show(server);
    expect((await screen.findByText('chmod 1777 /srv/exchange')).tagName).toBe('CODE');
    const copies = screen.getAllByRole('button', { name: /^Copy for admin/ });
    expect(copies.map(button => button.getAttribute('aria-label'))).toEqual(['Copy for admin: Title of exchange.mode']);
  });

  it('shows a fix before it is done, does it as shown, and undoes it', async () => {
    const server = new FakeServer();
    let fixes: FixRecord[] = [];
    server.on['GET /c1/fixes'] = () => ({ course: course(), fixes });
    server.on['GET /c1/preflight'] = report([finding('coursedir.leak', 'warning', { fixable: true })]);
    server.on['GET /fixes/coursedir.leak'] = PLAN;
    server.on['POST /fixes/coursedir.leak'] = () => {
      fixes = [RECORD];
      return RECORD;
    };
    server.on['POST /undo-fix'] = () => {
      fixes = [{ ...RECORD, undone_at: '2026-11-22T12:00:00Z' }];
      return fixes[0];
    };
    const { opener } = show(server);
    fireEvent.click(await screen.findByRole('button', { name: /^Show fix/ }));
    const dialog = within(await screen.findByRole('dialog', { name: PLAN.title, hidden: true }));
    expect(dialog.getByText('chmod 750 /c')).toBeTruthy();
    expect(server.asked('POST /fixes/coursedir.leak')).toHaveLength(0);
    fireEvent.click(dialog.getByRole('button', { name: 'Close the folder', hidden: true }));
    await waitFor(() => expect(server.asked('POST /fixes/coursedir.leak')[0]?.body).toEqual({ digest: 'd1' }));
    expect(opener.notify).toHaveBeenCalledWith(`Done: ${PLAN.title}.`, 'success');
    fireEvent.click(await screen.findByRole('button', { name: `Undo: ${PLAN.title}` }));
    await waitFor(() => expect(server.asked('POST /undo-fix')[0]?.body).toEqual({ record_id: 'r1' }));
    expect(await screen.findByText(/undone/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: `Undo: ${PLAN.title}` })).toBeNull();
  });

  it('says why a fix cannot be done', async () => {
    const server = new FakeServer();
    server.on['GET /c1/fixes'] = { course: course(), fixes: [] };
    server.on['GET /c1/preflight'] = report([finding('coursedir.leak', 'warning', { fixable: true })]);
    server.on['GET /fixes/coursedir.leak'] = refusal(409, '/c belongs to somebody else.', { remedy: 'Ask its owner.' });
    show(server);
    fireEvent.click(await screen.findByRole('button', { name: /^Show fix/ }));
    expect(await screen.findByText('/c belongs to somebody else.')).toBeTruthy();
  });
});

describe('a failed job', () => {
  it('says first what is wrong and could be why', () => {
    const error = { code: 'exchange_broken', message: 'Could not release.', remedy: '', suggestion: '', report: '' };
    const failed = job({ state: 'failed', error });
    const detail = { job: failed, results: [], findings: [finding('exchange.exists', 'error')] };
    const { container } = render(<JobResults detail={detail} onFix={() => {}} />);
    const text = container.textContent ?? '';
    expect(text.indexOf('Message of exchange.exists.')).toBeGreaterThan(-1);
    expect(text.indexOf('Message of exchange.exists.')).toBeLessThan(text.indexOf('Could not release.'));
  });
});
