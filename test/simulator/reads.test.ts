// show object registered-ip: filters, paging, count.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, type Lab } from './api-client.ts';

type Entry = { ip: string; tags: string[] };

/** Entries of a page and its count. */
const page = (answer: string): { entries: Entry[]; count: number } => ({
  entries: [...answer.matchAll(/<entry ip="([^"]*)"[^>]*><tag>(.*?)<\/tag><\/entry>/g)].map(
    ([, ip = '', tag = '']) => ({
      ip,
      tags: [...tag.matchAll(/<member>(.*?)<\/member>/g)].map(([, member = '']) => member),
    }),
  ),
  count: Number(/<count>(\d+)<\/count>/.exec(answer)?.[1] ?? 0),
});

const plantMany = (lab: Lab, count: number): void => {
  const ip = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  lab.simulator.plant({
    add: Array.from({ length: count }, (_, index) => ({ ip: ip(index), tags: [`t${index % 2}`] })),
  });
};

const small: { ip: string; tags: string[] }[] = [
  { ip: '10.1.0.1', tags: ['a', 'b'] },
  { ip: '10.1.0.2', tags: ['b', 'c'] },
  { ip: '10.1.0.3', tags: ['c'] },
  { ip: '2001:db8::7', tags: ['b'] },
];

test('an ip filter gives all tags of that address, in whatever text it is asked', async () => {
  await using lab = await openLab();
  lab.simulator.plant({ add: small });
  assert.deepEqual(page(await lab.read('<ip>10.1.0.2</ip>')), { entries: [small[1]], count: 1 });
  assert.deepEqual(page(await lab.read('<ip>2001:DB8:0::7/128</ip>')).entries, [small[3]]);
  assert.equal(await lab.read('<ip>10.1.0.9</ip>'), '<response status="success"><result/></response>');
});

test('a tag filter gives the addresses with that tag and hides their other tags', async () => {
  await using lab = await openLab();
  lab.simulator.plant({ add: small });
  const b = page(await lab.read('<tag><entry name="b"/></tag>'));
  assert.deepEqual(
    b.entries,
    ['10.1.0.1', '10.1.0.2', '2001:db8::7'].map((ip) => ({ ip, tags: ['b'] })),
  );
  const either = page(await lab.read('<tag><entry name="a"/><entry name="c"/></tag>'));
  assert.deepEqual(either.entries, [
    { ip: '10.1.0.1', tags: ['a'] },
    { ip: '10.1.0.2', tags: ['c'] },
    { ip: '10.1.0.3', tags: ['c'] },
  ]);
  assert.equal(page(await lab.read('<tag><entry name="none"/></tag>')).count, 0);
});

test('filters combine with each other and with paging, in any order', async () => {
  await using lab = await openLab();
  lab.simulator.plant({ add: small });
  assert.deepEqual(page(await lab.read('<ip>10.1.0.2</ip><tag><entry name="b"/></tag>')).entries, [
    { ip: '10.1.0.2', tags: ['b'] },
  ]);
  assert.equal(page(await lab.read('<ip>10.1.0.3</ip><tag><entry name="b"/></tag>')).count, 0);
  const second = page(
    await lab.read('<start-point>2</start-point><tag><entry name="b"/></tag><limit>1</limit>'),
  );
  assert.deepEqual(second, { entries: [{ ip: '10.1.0.2', tags: ['b'] }], count: 1 });
});

test("the count is the table's, or the filter's", async () => {
  await using lab = await openLab();
  lab.simulator.plant({ add: small });
  const count = '<all><option>count</option></all>';
  assert.deepEqual(page(await lab.read(count)), { entries: [], count: 4 });
  assert.equal(page(await lab.read(`${count}<tag><entry name="b"/></tag>`)).count, 3);
});

test('start-point is 1-based, and a page beyond the end is empty', async () => {
  await using lab = await openLab();
  lab.simulator.plant({ add: small });
  const at = async (start: number): Promise<string[]> =>
    page(await lab.read(`<limit>2</limit><start-point>${start}</start-point>`)).entries.map(({ ip }) => ip);
  assert.deepEqual(await at(1), ['10.1.0.1', '10.1.0.2']);
  assert.deepEqual(await at(4), ['2001:db8::7']);
  assert.deepEqual(await at(5), []);
});

for (const size of [499, 500, 501, 1000, 1001]) {
  test(`${size} entries are read in pages of at most 500, whatever limit is asked for`, async () => {
    await using lab = await openLab();
    plantMany(lab, size);
    const seen = new Set<string>();
    const counts: number[] = [];
    for (let start = 1; counts.at(-1) !== 0 && start < 3000; start += 500) {
      const { entries, count } = page(
        await lab.read(`<all/><limit>5000</limit><start-point>${start}</start-point>`),
      );
      assert.equal(entries.length, count);
      counts.push(count);
      for (const { ip } of entries) seen.add(ip);
    }
    assert.equal(seen.size, size);
    assert.deepEqual(
      counts.filter((count) => count > 0).map((count) => count === 500),
      Array.from({ length: Math.ceil(size / 500) }, (_, index) => (index + 1) * 500 <= size),
    );
    assert.equal(page(await lab.read()).count, Math.min(size, 500));
    assert.equal(page(await lab.read('')).count, Math.min(size, 500));
  });
}

test('hosts come in CIDR form by switch', async () => {
  await using lab = await openLab({ settings: { hostsAsCidr: true } });
  lab.simulator.plant({ add: [...small, { ip: '10.2.0.0/16', tags: ['n'] }] });
  assert.deepEqual(
    page(await lab.read()).entries.map(({ ip }) => ip),
    ['10.1.0.1/32', '10.1.0.2/32', '10.1.0.3/32', '2001:db8::7/128', '10.2.0.0/16'],
  );
});

test('an option that is none is refused', async () => {
  await using lab = await openLab();
  const options = [
    '<limit>0</limit>',
    '<limit>x</limit>',
    '<limit/>',
    '<start-point>0</start-point>',
    '<start-point>-1</start-point>',
  ];
  const more = [
    '<ip>web</ip>',
    '<ip/>',
    '<tag><entry/></tag>',
    '<tag><member>a</member></tag>',
    '<all><x/></all>',
  ];
  const others = [
    '<nonsense/>',
    '<all/><all/>',
    '<all><option>list</option></all>',
    '<all><option>count</option><x/></all>',
  ];
  for (const option of [...options, ...more, ...others]) {
    assert.match(await lab.read(option), /^<response status="error" code="17">/, option);
  }
  const { body } = await lab.call({ type: 'op', cmd: '<show><object><registered-ip/><x/></object></show>' });
  assert.match(body, /code="17"/);
});

test('a hundred thousand entries come in two hundred full pages, each once', async () => {
  await using lab = await openLab();
  plantMany(lab, 100_000);
  const seen = new Set<string>();
  for (let start = 1; start < 100_000; start += 500) {
    const { entries } = page(await lab.read(`<limit>500</limit><start-point>${start}</start-point>`));
    assert.equal(entries.length, 500);
    for (const { ip } of entries) seen.add(ip);
  }
  assert.equal(seen.size, 100_000);
  assert.equal(page(await lab.read('<start-point>100001</start-point>')).count, 0);
});
