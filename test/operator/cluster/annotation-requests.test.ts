// Annotations: acted on once, on the tables that are known, and kept only while a table that is not could be meant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventNote } from '../../../src/core/status/event-note.ts';
import {
  adoptAnnotation,
  approveRemovalsAnnotation,
  resyncAnnotation,
} from '../../../src/kubernetes/resources/api.ts';
import { AnnotationRequests } from '../../../src/operator/cluster/annotation-requests.ts';
import type { FirewallWorker } from '../../../src/operator/firewall/firewall-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';

function stage() {
  const done: string[] = [];
  const worker = {
    tables: {
      all: [],
      approve: (plan: string) => done.push(`approve ${plan}`) > 0,
      resync: () => done.push('resync'),
    },
    tell: ({ note }: EventNote) => done.push(note),
  } as unknown as FirewallWorker;
  const requests = new AnnotationRequests();
  const log = createLogger({ level: 'error', format: 'json' });
  return {
    done,
    see: (...annotations: [string, string][]) => {
      requests.note('edge', new Map(annotations));
      requests.review({
        workerOf: () => worker,
        drop: (_, annotation, value) => done.push(`drop ${annotation} ${value}`),
        log,
      });
    },
  };
}

const approval: [string, string] = [approveRemovalsAnnotation, '7f3a'];
const resync: [string, string] = [resyncAnnotation, 'now'];

test('a version from before the removal asks for nothing again', () => {
  const { done, see } = stage();
  see(approval, resync);
  const once = [...done];
  assert.equal(once.length, 4);
  see(approval, resync);
  see(resync);
  assert.deepEqual(done, once);
});

test('the same value asked anew, after it was gone, is acted on again; so is another value', () => {
  const { done, see } = stage();
  see(resync);
  see();
  see(resync);
  assert.equal(done.filter((one) => one === 'resync').length, 2);
  see(approval);
  see([approveRemovalsAnnotation, '0b1c']);
  assert.deepEqual(
    done.filter((one) => one.startsWith('approve')),
    ['approve 7f3a', 'approve 0b1c'],
  );
});

/** A firewall with several tables; a plan, or a mark of another owner, may be in any of them. */
function tables(...known: boolean[]) {
  const state = {
    plans: new Set<string>(),
    adoption: 'unknown owner',
    awaitsRead: false,
    mayHaveMore: false,
  };
  const done: string[] = [];
  const told: EventNote[] = [];
  const worker = {
    tables: {
      all: known.map((one) => ({ table: { known: one }, awaitsJudgement: false })),
      approve: (plan: string) => state.plans.delete(plan),
      resync: () => {
        state.awaitsRead = true;
        done.push('resync');
      },
      adopt: () => state.adoption,
      get awaitsRead() {
        return state.awaitsRead;
      },
      get mayHaveMore() {
        return state.mayHaveMore;
      },
    },
    tell: (event: EventNote) => told.push(event),
  };
  const requests = new AnnotationRequests();
  const log = createLogger({ level: 'error', format: 'json' });
  const review = () =>
    requests.review({
      workerOf: () => worker as unknown as FirewallWorker,
      drop: (_, annotation, value) => done.push(`drop ${annotation} ${value}`),
      log,
    });
  const ask = (...annotations: [string, string][]) => {
    requests.note('edge', new Map(annotations));
    review();
  };
  const read = (i: number) => {
    const table = worker.tables.all[i]?.table;
    if (table !== undefined) table.known = true;
  };
  /** The guard is about to judge, or has done so. */
  const judging = (i: number, awaitsJudgement: boolean) =>
    Object.assign(worker.tables.all[i] ?? {}, { awaitsJudgement });
  return { state, done, told, ask, review, read, judging };
}

const dropped = ([annotation, value]: [string, string]) => `drop ${annotation} ${value}`;

test('a plan of a table that is known is approved though another table is not', () => {
  const { state, done, ask } = tables(true, false);
  state.plans.add('7f3a');
  ask(approval);
  assert.deepEqual([state.plans.size, done], [0, [dropped(approval)]]);
});

test('an approval that fits no known plan waits for the tables that are not known, and no longer', () => {
  const { state, done, ask, review, read } = tables(true, false);
  ask(approval);
  assert.deepEqual(done, []);
  read(1);
  state.plans.add('7f3a');
  review();
  assert.deepEqual([state.plans.size, done], [0, [dropped(approval)]]);
  const gone = tables(true, true);
  gone.ask(approval);
  assert.deepEqual(gone.done, [dropped(approval)], 'nobody holds it');
});

test('an approval waits for what has been read and not judged yet: after a restart its plan is only to come', () => {
  const { state, done, told, ask, review, judging } = tables(true);
  judging(0, true);
  ask(approval);
  assert.deepEqual([done, told], [[], []]);
  judging(0, false);
  state.plans.add('7f3a');
  review();
  assert.deepEqual([state.plans.size, done, told], [0, [dropped(approval)], []]);
});

test('tables that nobody has looked for yet are waited for, too', () => {
  const { state, done, ask, review } = tables(true);
  state.mayHaveMore = true;
  ask(approval);
  assert.deepEqual(done, []);
  state.mayHaveMore = false;
  review();
  assert.deepEqual(done, [dropped(approval)]);
});

test('a read is asked for once, whichever tables are known, and the annotation goes when it begins', () => {
  const { state, done, ask, review } = tables(true, false);
  ask(resync);
  review();
  assert.deepEqual(done, ['resync']);
  state.awaitsRead = false;
  review();
  assert.deepEqual(done, ['resync', dropped(resync)]);
});

test('an adoption begins on the tables that are known, and is done when it is done there', () => {
  const { state, done, ask, review } = tables(true, false);
  const adoption: [string, string] = [adoptAnnotation, 'aaaaaaaaaaaa'];
  ask(adoption);
  assert.deepEqual(done, [], 'the table that is not known may have that owner');
  state.adoption = 'pending';
  review();
  assert.deepEqual(done, []);
  state.adoption = 'done';
  review();
  assert.deepEqual(done, [dropped(adoption)]);
});

const adoption: [string, string] = [adoptAnnotation, 'aaaaaaaaaaaa'];

for (const [what, request, words] of [
  [
    'a plan that no table holds',
    approval,
    /no table holds a plan "7f3a".*kubectl get panfw edge -o jsonpath/,
  ],
  [
    'an owner that has marked no table',
    adoption,
    /no table is marked by an owner "aaaaaaaaaaaa".*kubectl get panfw edge /,
  ],
] as const) {
  test(`${what} is an InvalidAnnotation, told once, when every table is known`, () => {
    const { done, told, ask, review, read } = tables(true, false);
    ask(request);
    review();
    assert.deepEqual(told, []);
    read(1);
    review();
    review();
    ask(request);
    assert.deepEqual(
      told.map(({ reason }) => reason),
      ['InvalidAnnotation'],
    );
    assert.match(told.map(({ note }) => note).join(), words);
    assert.deepEqual(done, [dropped(request)]);
  });
}

test('what is asked for and done is no InvalidAnnotation', () => {
  const { state, told, ask } = tables(true);
  state.plans.add('7f3a');
  state.adoption = 'done';
  ask(approval, adoption, resync);
  assert.deepEqual(told, []);
});

test('a misspelt annotation is told once, with the one that was probably meant, and stays', () => {
  const { done, told, ask } = tables(true);
  const misspelt: [string, string] = ['pantag.io/approve-removal', '7f3a'];
  ask(misspelt, ['example.com/approve', 'x']);
  ask(misspelt);
  assert.deepEqual(done, []);
  const note =
    'unknown annotation "pantag.io/approve-removal" on a PanFirewall; did you mean pantag.io/approve-removals?';
  assert.deepEqual(told, [{ reason: 'InvalidAnnotation', note }]);
  ask();
  ask(misspelt);
  assert.equal(told.length, 2);
});

test('a secret or a long text in an annotation is cut in what is told', () => {
  const { told, ask } = tables(true);
  ask([approveRemovalsAnnotation, `${'x'.repeat(500)}end`], [`pantag.io/${'y'.repeat(500)}`, 'z']);
  assert.equal(told.length, 2);
  for (const { note } of told) assert.ok(note.length < 300, note);
});
