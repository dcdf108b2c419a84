import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';
import { Client } from '../api/client';
import { answerFailure, Failure, reportOf, toFailure } from '../api/errors';
import { FakeServer, refusal } from './fakes';
import { trans } from './samples';

describe('answers of the server', () => {
  it('keeps cause, remedy and suggestion', async () => {
    const server = new FakeServer();
    server.on['POST /assignments'] = refusal(400, 'ps(4) cannot be a name.', { code: 'invalid_name', suggestion: 'ps-4' });
    const refused = await new Client(trans, server.settings).createAssignment('c1', 'ps(4)').catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(Failure);
    expect(refused).toMatchObject({ code: 'invalid_name', message: 'ps(4) cannot be a name.', suggestion: 'ps-4', status: 400 });
  });
  it('asks with the course, the name and every default in place', async () => {
    const server = new FakeServer();
    server.on['POST /jobs'] = {};
    await new Client(trans, server.settings).createJob('c1', { verb: 'collect', assignment_id: 'Übung 3' });
    expect(server.calls).toEqual([
      {
        method: 'POST',
        path: '/user/ada/hubgrade/api/courses/c1/jobs',
        body: {
          verb: 'collect', assignment_id: 'Übung 3', scope: 'remaining', students: null,
          notebook: '*', before_due_date: false, confirm: '', anyway: false
        }
      }
    ]);
  });
  it('encodes names in addresses', async () => {
    const server = new FakeServer();
    server.on['GET /submissions'] = {};
    await new Client(trans, server.settings).listSubmissions('c1', '06. Networks & co');
    expect(server.calls[0].path).toBe('/user/ada/hubgrade/api/courses/c1/assignments/06. Networks & co/submissions');
  });
  it.each([
    [403, 'forbidden'],
    [404, 'extension_missing'],
    [502, 'unexpected_answer']
  ])('has words of its own for a bare %i', (status, code) => {
    const failure = answerFailure(status, 'no words', trans);
    expect(failure.code).toBe(code);
    expect(failure.remedy).not.toBe('');
  });
});

describe('no answer at all', () => {
  it.each([
    [new ServerConnection.NetworkError(new TypeError('x')), 'offline', true],
    [new DOMException('aborted', 'AbortError'), 'timeout', true],
    [new RangeError('bug'), 'internal_error', true]
  ])('%s becomes %s', (error, code, transient) => {
    expect(toFailure(error, trans)).toMatchObject({ code, transient });
  });
  it('leaves a failure as it is', () => {
    const failure = new Failure({ message: 'x' }, 409);
    expect(toFailure(failure, trans)).toBe(failure);
    expect(failure.transient).toBe(false);
  });
});

it('writes a report with version, time and cause', () => {
  const failure = new Failure({ code: 'busy', message: 'Locked.', remedy: 'Wait.', report: 'details' }, 503);
  expect(reportOf(failure, '1.2.3', {}, new Date(0))).toBe(
    'hubgrade 1.2.3\ntime: 1970-01-01T00:00:00.000Z\ncode: busy\nstatus: 503\nmessage: Locked.\nremedy: Wait.\n\ndetails'
  );
});
it('writes where it happened, and no status where there was no answer', () => {
  const facts = { course: 'course101', assignment: 'ps1', item: 'ada', verb: 'autograde', job: 'j1', isolation: 'none' };
  expect(reportOf(new Failure({ code: 'kernel_died', message: 'It died.' }), '1', facts, new Date(0)).split('\n')).toEqual([
    'hubgrade 1', 'time: 1970-01-01T00:00:00.000Z', 'course: course101', 'assignment: ps1', 'item: ada', 'verb: autograde',
    'job: j1', 'isolation: none', 'code: kernel_died', 'message: It died.'
  ]);
});
