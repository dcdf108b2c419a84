/** A server that answers from a table, and the shared parts on top of it. */
import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { vi } from 'vitest';
import { Acts } from '../acts';
import { Client } from '../api/client';
import { Dialogs } from '../dialogs';
import { JobTracker } from '../jobs';
import { Model } from '../model';
import { Chosen } from '../state';
import type { IHubgrade } from '../tokens';
import { trans } from './samples';

export interface ICall {
  method: string;
  path: string;
  body: unknown;
}

/** A server: `on['GET /jobs']` answers what ends so; a function is called, a Response given as it is. */
export class FakeServer {
  readonly calls: ICall[] = [];
  readonly on: Record<string, unknown> = {};

  readonly settings = ServerConnection.makeSettings({
    baseUrl: 'http://127.0.0.1:1/user/ada/',
    token: '',
    fetch: async (input: RequestInfo | URL) => this.answer(input as Request)
  });

  /** What was asked of one operation. */
  asked(operation: string): ICall[] {
    const [method, end] = operation.split(' ');
    return this.calls.filter(call => call.method === method && call.path.endsWith(end));
  }

  private async answer(request: Request): Promise<Response> {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const text = await request.text();
    const call = { method: request.method, path, body: text ? (JSON.parse(text) as unknown) : null };
    this.calls.push(call);
    for (const [key, given] of Object.entries(this.on)) {
      const [method, end] = key.split(' ');
      if (method === call.method && path.endsWith(end)) {
        const answer: unknown = await (typeof given === 'function' ? (given as (call: ICall) => unknown)(call) : given);
        return answer instanceof Response
          ? answer
          : new Response(JSON.stringify(answer), { status: 200, headers: { 'Content-Type': 'application/json' } });
      }
    }
    return new Response('no such page', { status: 404 });
  }
}

/** An error answer of the server. */
export function refusal(status: number, message: string, more: Record<string, string> = {}): Response {
  const body = { code: 'conflict', message, remedy: '', suggestion: '', report: '', ...more };
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
}

/** hubgrade's shared parts over a fake server and a fake application. */
export function makeHubgrade(server = new FakeServer(), pollMs = 1000) {
  const model = new Model(new Client(trans, server.settings));
  const stream = new Signal<object, never>({});
  const tracker = new JobTracker(model, stream, pollMs);
  const chosen = new Chosen();
  const opener = {
    coursePage: vi.fn(),
    document: vi.fn(),
    folder: vi.fn(),
    listFolders: vi.fn(() => Promise.resolve([])),
    saveNotebooks: vi.fn(() => Promise.resolve()),
    notify: vi.fn()
  };
  const dialogs = new Dialogs(trans);
  const acts = new Acts({ model, tracker, chosen, opener, dialogs, trans });
  const hubgrade: IHubgrade = { model, tracker, acts, chosen, opener, trans };
  return { ...hubgrade, hubgrade, opener, server, stream };
}
