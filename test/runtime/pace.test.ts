// So many turns a second and no more, some of them kept for those who ask without a reserve.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import * as fc from 'fast-check';
import { createPace } from '../../src/runtime/pace.ts';

const perSecond = 4;

test('law: in no second more turns are taken than allowed, and a turn that is due is free', () => {
  const asks = fc.array(fc.record({ after: fc.nat(400), reserve: fc.nat(2) }), { maxLength: 60 });
  fc.assert(
    fc.property(asks, (list) => {
      let now = 0;
      const pace = createPace(perSecond, () => now);
      const taken: { readonly at: number; readonly reserve: number }[] = [];
      const within = () => taken.filter(({ at }) => at > now - 1000);
      for (const { after, reserve } of list) {
        now += after;
        const isFree = within().length < perSecond - reserve;
        assert.equal(pace.waitMs(reserve) === 0, isFree);
        if (!isFree) continue;
        pace.take();
        taken.push({ at: now, reserve });
        assert.ok(within().length <= perSecond);
      }
    }),
  );
});

test('who waits for a turn gets one as soon as it is free, and gives up by the signal', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  t.after(() => mock.timers.reset());
  const pace = createPace(1, () => Date.now());
  const end = new AbortController();
  await pace.turn(end.signal);
  let got = false;
  const take = async (): Promise<void> => {
    await pace.turn(end.signal);
    got = true;
  };
  const second = take();
  mock.timers.tick(999);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(got, false);
  mock.timers.tick(1);
  await second;
  const third = pace.turn(end.signal);
  end.abort(new Error('enough'));
  await assert.rejects(third, /enough/);
});
