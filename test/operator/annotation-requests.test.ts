// An annotation is acted on once, whatever versions of the object the watch brings before it is seen to be gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approveRemovalsAnnotation, resyncAnnotation } from '../../src/kubernetes/resources/api.ts';
import { AnnotationRequests } from '../../src/operator/annotation-requests.ts';
import type { FirewallWorker } from '../../src/operator/firewall-worker.ts';
import { createLogger } from '../../src/runtime/logger.ts';

function stage() {
  const done: string[] = [];
  const worker = {
    workers: [],
    approve: (plan: string) => done.push(`approve ${plan}`) > 0,
    resync: () => done.push('resync'),
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
